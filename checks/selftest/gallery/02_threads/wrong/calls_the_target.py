"""Calls the handler itself where the thread's target should be given.

fails: 02.1
says: nothing came back to bob
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    try:
        while data := conn.recv(4096):
            conn.sendall(data)
    except OSError as error:
        print(error)
    finally:
        conn.close()


server = socket.create_server((HOST, PORT))
while True:
    conn, addr = server.accept()
    t = threading.Thread(target=handle_client(conn), daemon=True)  # <--
    t.start()

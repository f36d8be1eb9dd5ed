"""Sends what one client says to everybody who is connected.

fails: 02.2 02.1
says: got other bytes than were sent
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

clients = []
lock = threading.Lock()


def handle_client(conn):
    with lock:
        clients.append(conn)
    try:
        while data := conn.recv(4096):
            with lock:
                everybody = list(clients)
            for other in everybody:
                try:
                    other.sendall(data)  # <--
                except OSError:
                    pass
    except OSError as error:
        print(error)
    finally:
        with lock:
            clients.remove(conn)
        conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=handle_client, args=(conn,), daemon=True).start()

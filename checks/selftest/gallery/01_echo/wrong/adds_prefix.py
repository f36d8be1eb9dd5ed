"""Puts "Echo: " in front of everything it sends back.

fails: 01.1
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    try:
        while True:
            data = conn.recv(1024)
            if data == b"":
                break
            conn.sendall(b"Echo: " + data)  # <--
    except ConnectionError:
        print("the client broke off")
    finally:
        conn.close()


with socket.create_server((HOST, PORT)) as sock:
    while True:
        conn, _ = sock.accept()
        handle_client(conn)

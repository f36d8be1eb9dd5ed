"""Keeps the connection in a global variable, which the next client takes over.

fails: 02.1
says: the server closed bob's connection
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

conn = None


def handle_client():
    try:
        while data := conn.recv(4096):  # <--
            conn.sendall(data)
        conn.close()
    except OSError as error:
        print(error)


def main():
    global conn
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, daemon=True).start()


if __name__ == "__main__":
    main()

"""Looks the connection up by the client's IP address, which all of them share.

fails: 02.1
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

clients = {}


def handle_client(conn, ip):
    with conn:
        try:
            while data := conn.recv(4096):  # <--
                clients[ip].sendall(data)
        except OSError as error:
            print(f"{ip}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            clients[addr[0]] = conn
            threading.Thread(target=handle_client, args=(conn, addr[0]), daemon=True).start()


if __name__ == "__main__":
    main()

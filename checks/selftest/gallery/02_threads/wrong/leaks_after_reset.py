"""Closes and forgets a connection only when the client leaves well, not after a reset.

fails: 02.3
says: after
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


def handle_client(conn, addr):
    with lock:
        clients[addr] = conn
    try:
        while data := conn.recv(4096):  # <--
            conn.sendall(data)
        with lock:
            del clients[addr]
        conn.close()
    except ConnectionError as error:
        print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

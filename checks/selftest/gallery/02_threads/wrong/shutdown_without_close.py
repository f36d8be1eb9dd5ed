"""Shuts connections down but keeps their sockets open in a list.

fails: 02.3
says: after
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

history = []


def handle_client(conn, addr):
    history.append((conn, addr))
    try:
        while data := conn.recv(4096):
            conn.sendall(data)
        conn.shutdown(socket.SHUT_RDWR)  # <--
    except OSError as error:
        print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

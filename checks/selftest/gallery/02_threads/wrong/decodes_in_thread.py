"""Decodes what comes as UTF-8, so other bytes end that client's thread.

fails: 01.1 01.2 01.3
says: the server closed alice's connection
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                text = data.decode()  # <--
                print(addr, len(text))
                conn.sendall(text.encode())
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Waits in the accept loop for each client's first message before it starts the thread.

fails: 02.1
says: nothing came back to bob
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, data):
    with conn:
        try:
            while data:
                conn.sendall(data)
                data = conn.recv(4096)
        except OSError as error:
            print(error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            try:
                first = conn.recv(4096)  # <--
            except OSError as error:
                print(addr, error)
                conn.close()
                continue
            threading.Thread(target=handle_client, args=(conn, first), daemon=True).start()


if __name__ == "__main__":
    main()

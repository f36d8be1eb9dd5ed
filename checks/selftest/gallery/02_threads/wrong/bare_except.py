"""A bare except around accept() swallows the KeyboardInterrupt.

fails: 02.4
says: the server still runs
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            try:
                conn, addr = listener.accept()  # <--
                threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
            except:
                print("something went wrong")


if __name__ == "__main__":
    main()

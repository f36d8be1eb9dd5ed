"""Closes the listener together with the first client, so the next accept() fails.

fails: 01.4
says: server.py stopped with OSError
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, addr = listener.accept()  # <--
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(addr, error)
        finally:
            conn.close()
            listener.close()


if __name__ == "__main__":
    main()

"""Gives the thread a function inside main() that uses the loop's variable.

fails: 02.1
says: nothing came back to bob
"""
import socket
from threading import Thread

HOST, PORT = "127.0.0.1", 9090


def main():
    listener = socket.create_server((HOST, PORT))

    def client():
        reply = lambda data: conn.sendall(data)
        mine = conn
        with mine:
            try:
                while data := mine.recv(4096):  # <--
                    reply(data)
            except OSError as error:
                print(error)

    while True:
        conn, addr = listener.accept()
        Thread(target=client, daemon=True).start()


if __name__ == "__main__":
    main()

"""Closes the socket but not the file made from it, which is kept: the connection stays open until the next client.

fails: 01.3
says: the server did not close alice's connection
"""

import socket

HOST, PORT = "127.0.0.1", 9090


class Session:
    """One client: its socket and a buffered reader on it."""

    def __init__(self, conn):
        self.conn = conn
        self.rfile = conn.makefile("rb")

    def run(self):
        while data := self.rfile.read1(4096):
            self.conn.sendall(data)


class Server:
    def __init__(self):
        self.session = None
        self.served = 0

    def run(self):
        with socket.create_server((HOST, PORT)) as listener:
            print("listening")
            while True:
                conn, addr = listener.accept()
                self.session = Session(conn)
                try:
                    self.session.run()
                except OSError as error:
                    print(addr, error)
                finally:
                    conn.close()  # <--
                    self.served += 1


if __name__ == "__main__":
    Server().run()

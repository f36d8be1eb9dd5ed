"""Catches ConnectionResetError only; a client that half-closes and then breaks off gives BrokenPipeError, which ends the server.

fails: 01.4
says: server.py stopped with BrokenPipeError
"""

import socket

HOST, PORT = "127.0.0.1", 9090


class EchoServer:
    def __init__(self, address):
        self.listener = socket.create_server(address)

    def serve_one(self):
        conn, addr = self.listener.accept()
        with conn:
            try:
                self.echo(conn)
            except ConnectionResetError:
                print(addr, "reset the connection")

    def echo(self, conn):
        while data := conn.recv(4096):
            conn.sendall(data)  # <--

    def serve_forever(self):
        with self.listener:
            while True:
                self.serve_one()


if __name__ == "__main__":
    EchoServer((HOST, PORT)).serve_forever()

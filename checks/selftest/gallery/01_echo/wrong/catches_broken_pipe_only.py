"""Catches BrokenPipeError but not ConnectionResetError, so a reset ends the server.

fails: 01.4
says: server.py stopped with ConnectionResetError
"""
import socket

HOST, PORT = "127.0.0.1", 9090


class Client:
    def __init__(self, conn, addr):
        self.conn, self.addr = conn, addr

    def serve(self):
        try:
            while True:
                data = self.conn.recv(2048)  # <--
                if not data:
                    break
                self.conn.sendall(data)
        except BrokenPipeError:
            print(self.addr, "has gone")
        finally:
            self.conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            Client(*listener.accept()).serve()

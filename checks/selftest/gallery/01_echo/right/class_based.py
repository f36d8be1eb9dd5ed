"""A class with methods and an object of it, nothing at the top level."""
import socket


class EchoServer:
    def __init__(self, host="127.0.0.1", port=9090):
        self.address = (host, port)

    def serve(self):
        with socket.create_server(self.address) as self.listener:
            while True:
                self.conn, self.peer = self.listener.accept()
                self.talk()

    def talk(self):
        try:
            while chunk := self.conn.recv(8192):
                self.conn.sendall(chunk)
        except ConnectionError as reason:
            print("lost", self.peer, reason)
        finally:
            self.conn.close()


if __name__ == "__main__":
    EchoServer().serve()

"""Sends everything back in capital letters, as in a famous example.

fails: 01.1
says: alice got other bytes than were sent
"""
import socketserver

HOST, PORT = "127.0.0.1", 9090


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(1024):
                self.request.sendall(data.upper())  # <--
        except OSError as error:
            print(self.client_address, error)


class Server(socketserver.TCPServer):
    allow_reuse_address = True


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:
        server.serve_forever()

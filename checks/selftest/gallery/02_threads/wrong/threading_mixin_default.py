"""Uses socketserver's threading server as it is, which waits for its threads at the end.

fails: 02.4
says: the server still runs
"""
import socketserver

HOST, PORT = "127.0.0.1", 9090


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(4096):
                self.request.sendall(data)
        except OSError as error:
            print(self.client_address, error)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:  # <--
        server.serve_forever()

"""The threading server of socketserver with daemon threads, but without allow_reuse_address.

fails: 01.5
says: server.py stopped with OSError
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
    daemon_threads = True


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:  # <--
        server.serve_forever()

"""The standard library's socketserver, told to reuse the address."""
import socketserver

HOST, PORT = "127.0.0.1", 9090


class EchoHandler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(4096):
                self.request.sendall(data)
        except OSError as error:
            print(self.client_address, error)


class EchoServer(socketserver.TCPServer):
    allow_reuse_address = True


if __name__ == "__main__":
    with EchoServer((HOST, PORT), EchoHandler) as server:
        server.serve_forever()

"""Uses socketserver.TCPServer as it is, which does not reuse the address.

fails: 01.5
says: server.py stopped with OSError
"""
import socketserver

HOST, PORT = "127.0.0.1", 9090


class EchoHandler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while data := self.rfile.read1(4096):
                self.wfile.write(data)
        except OSError as error:
            print(self.client_address, error)


if __name__ == "__main__":
    with socketserver.TCPServer((HOST, PORT), EchoHandler) as server:  # <--
        server.serve_forever()

"""socketserver with ThreadingMixIn, daemon threads and a reused address."""
import socketserver

HOST, PORT = "127.0.0.1", 9090


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while data := self.rfile.read1(65536):
                self.wfile.write(data)
        except OSError as error:
            print(self.client_address, error)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    with Server((HOST, PORT), Echo) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")

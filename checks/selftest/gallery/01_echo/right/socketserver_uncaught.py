"""A stream handler that lets its errors go up to socketserver, which prints them and goes on."""
import socketserver

socketserver.TCPServer.allow_reuse_address = True


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for chunk in iter(lambda: self.rfile.read1(65536), b""):
            self.wfile.write(chunk)


socketserver.TCPServer(("127.0.0.1", 9090), Echo).serve_forever()

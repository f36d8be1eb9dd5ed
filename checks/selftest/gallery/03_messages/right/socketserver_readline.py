"""A ThreadingTCPServer, with readline(limit + 1) and a look at how the line ends."""

import json
import socketserver

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


class MessageHandler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self.serve_line(self.rfile.readline(MAX_LINE + 1)):
                pass
        except ConnectionError:
            pass

    def serve_line(self, line):
        if not line.endswith(b"\n") or len(line) > MAX_LINE:
            return False  # the end of the stream, half a line, or too long
        try:
            obj = json.loads(line.decode())
        except ValueError:
            return False
        if not isinstance(obj, dict):
            return False
        self.wfile.write(json.dumps(obj).encode() + b"\n")
        return True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server((HOST, PORT), MessageHandler) as server:
        server.serve_forever()

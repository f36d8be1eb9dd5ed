"""Decodes the line as ASCII: enough for Python's own clients, which escape the rest.

fails: 03.2 03.1 03.3
says: the server closed alice's connection
"""

import json
import socketserver

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while True:
                line = self.rfile.readline(MAX_LINE + 1)  # <--
                if not line.endswith(b"\n") or len(line) > MAX_LINE:
                    return
                obj = json.loads(str(line, "ascii"))
                if not isinstance(obj, dict):
                    return
                self.wfile.write(json.dumps(obj).encode("ascii") + b"\n")
        except (OSError, ValueError) as e:
            print(self.client_address, e)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:
        server.serve_forever()

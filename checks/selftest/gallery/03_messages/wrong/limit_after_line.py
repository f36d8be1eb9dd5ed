"""Looks at the length only when the line is complete; one that never ends fills the memory.

fails: 03.3
says: a line of
"""

import json
import socketserver

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while True:
                line = self.rfile.readline()  # <--
                if not line.endswith(b"\n"):
                    break
                if len(line) > MAX_LINE:
                    break
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    break
                self.wfile.write(json.dumps(obj).encode() + b"\n")
        except (OSError, ValueError) as e:
            print(self.client_address, e)


if __name__ == "__main__":
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.daemon_threads = True
    socketserver.ThreadingTCPServer.request_queue_size = 100
    with socketserver.ThreadingTCPServer((HOST, PORT), Handler) as server:
        server.serve_forever()

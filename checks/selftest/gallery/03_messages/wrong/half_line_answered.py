"""Complains to the client about the line it did not finish.

fails: 03.5
says: alice got
"""

import json
import socketserver

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


class Handler(socketserver.StreamRequestHandler):
    def reply(self, obj):
        self.wfile.write(json.dumps(obj).encode() + b"\n")

    def handle(self):
        try:
            while line := self.rfile.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    return self.reply({"type": "system", "text": "line too long"})
                if not line.endswith(b"\n"):
                    return self.reply({"type": "system", "text": "incomplete message"})  # <--
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    return self.reply({"type": "system", "text": "not an object"})
                self.reply(obj)
        except (OSError, ValueError) as e:
            print(e)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    with Server((HOST, PORT), Handler) as server:
        server.serve_forever()

"""Takes an array of messages as well, as a batch.

fails: 03.4
"""

import json
import socketserver

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


class BatchHandler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while (line := self.rfile.readline(MAX_LINE + 1)).endswith(b"\n"):
                if len(line) > MAX_LINE:
                    break
                obj = json.loads(line.decode())
                if not isinstance(obj, (dict, list)):
                    break
                for message in obj if isinstance(obj, list) else [obj]:
                    self.wfile.write(json.dumps(message).encode() + b"\n")  # <--
        except (OSError, ValueError) as e:
            print(e)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server((HOST, PORT), BatchHandler).serve_forever()

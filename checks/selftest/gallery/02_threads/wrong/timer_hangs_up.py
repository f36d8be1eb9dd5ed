"""A Timer for each client hangs up after five minutes; every message cancels it and starts another one.

fails: 01.1
says: the server closed alice's connection
"""
import socket
import socketserver
import threading

IDLE = 300.0


class Handler(socketserver.BaseRequestHandler):
    timer = None

    def winds_up(self):
        self.stops()
        self.timer = threading.Timer(IDLE, self.hangs_up)
        self.timer.daemon = True
        self.timer.start()

    def stops(self):
        if self.timer:
            self.timer.cancel()

    def hangs_up(self):
        try:
            self.request.shutdown(socket.SHUT_RDWR)  # <--
        except OSError:
            pass

    def handle(self):
        self.winds_up()
        try:
            while data := self.request.recv(65536):
                self.winds_up()
                self.request.sendall(data)
        except OSError as error:
            print(f"{self.client_address[1]}: {error}")

    def finish(self):
        self.stops()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), Handler) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("bye")

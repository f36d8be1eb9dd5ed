"""ThreadingTCPServer that counts its clients in when they come, and out at the end of handle(), which an error never reaches.

fails: 02.1
says: the server closed newcomer
"""
import socketserver
import threading

MOST_CLIENTS = 110


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
        self.server.counts(-1)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100
    clients = 0
    counting = threading.Lock()

    def counts(self, difference):
        with self.counting:
            self.clients += difference

    def verify_request(self, request, client_address):
        """No more than so many at once; the others are hung up on."""
        return self.clients < MOST_CLIENTS

    def process_request(self, request, client_address):
        self.counts(+1)
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        print(client_address, "broke off")


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), Echo) as server:
        server.serve_forever()  # <--

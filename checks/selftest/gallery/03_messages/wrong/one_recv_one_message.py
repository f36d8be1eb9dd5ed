"""One recv is taken for one message.

fails: 03.1 03.3 03.4 03.5
says: the server closed alice's connection after JSONDecodeError
"""
import json
import socket
import threading

clients = []


class ClientHandler(threading.Thread):
    def __init__(self, connection):
        threading.Thread.__init__(self)
        self.daemon = True
        self.connection = connection
        self.running = True

    def receive(self):
        raw = self.connection.recv(65536)  # <--
        if not raw:
            return None
        if len(raw) > 65536:
            return None
        obj = json.loads(raw.decode("utf-8"))
        if isinstance(obj, dict):
            return obj
        return None

    def send(self, obj):
        self.connection.sendall(json.dumps(obj).encode("utf-8") + b"\n")

    def run(self):
        while self.running:
            try:
                obj = self.receive()
                if obj is None:
                    self.running = False
                else:
                    self.send(obj)
            except Exception as e:
                print("exception", e)
                self.running = False
        self.connection.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 9090), backlog=64) as s:
        while True:
            c, a = s.accept()
            ClientHandler(c).start()

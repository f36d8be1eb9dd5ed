"""Guards recv() with a lock that all threads share, so a silent client stops the others.

fails: 02.1
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class Server:
    def __init__(self):
        self.lock = threading.Lock()
        self.listener = socket.create_server((HOST, PORT))

    def run(self):
        while True:
            conn, _ = self.listener.accept()
            threading.Thread(target=self.client, args=(conn,), daemon=True).start()

    def client(self, conn):
        with conn:
            try:
                while True:
                    with self.lock:  # <--
                        data = conn.recv(4096)
                    if not data:
                        break
                    conn.sendall(data)
            except OSError as error:
                print(error)


Server().run()

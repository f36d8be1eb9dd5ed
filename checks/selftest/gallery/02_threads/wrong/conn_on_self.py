"""Keeps each connection as self.conn on the one server object that all threads share.

fails: 02.1
says: the server closed bob's connection
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class EchoServer:
    def __init__(self, host, port):
        self.sock = socket.create_server((host, port))

    def start(self):
        while True:
            self.conn, self.addr = self.sock.accept()
            threading.Thread(target=self.handle, daemon=True).start()

    def handle(self):
        try:
            while True:
                data = self.conn.recv(4096)  # <--
                if not data:
                    break
                self.conn.sendall(data)
        except OSError as e:
            print(self.addr, e)
        finally:
            self.conn.close()


EchoServer(HOST, PORT).start()

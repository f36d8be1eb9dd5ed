"""Guards itself against big clients and hangs up after one million bytes.

fails: 01.2 01.3
says: the server closed alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090
LIMIT = 1_000_000


class EchoServer:
    def __init__(self):
        self.listener = socket.create_server((HOST, PORT))

    def run(self):
        while True:
            conn, addr = self.listener.accept()
            with conn:  # <--
                try:
                    self.echo(conn)
                except OSError as error:
                    print(addr, error)

    def echo(self, conn):
        total = 0
        while total < LIMIT:
            data = conn.recv(8192)
            if not data:
                break
            conn.sendall(data)
            total += len(data)


EchoServer().run()

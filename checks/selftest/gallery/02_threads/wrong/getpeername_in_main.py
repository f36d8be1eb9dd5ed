"""getpeername() in the accept loop: it raises for a client that has reset already, and the server ends.

fails: 01.4
says: server.py stopped with OSError
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class EchoThread(threading.Thread):
    def __init__(self, conn):
        host, port = conn.getpeername()  # <--
        super().__init__(name=f"echo-{host}-{port}", daemon=True)
        self.conn = conn

    def run(self):
        with self.conn:
            try:
                while data := self.conn.recv(4096):
                    self.conn.sendall(data)
            except OSError as error:
                print(f"{self.name}: {error}")


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        print(f"listening on {HOST}:{PORT}")
        try:
            while True:
                conn, _ = listener.accept()
                EchoThread(conn).start()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()

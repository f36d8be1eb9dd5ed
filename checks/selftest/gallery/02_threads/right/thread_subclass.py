"""A subclass of Thread for each client, with run()."""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class ClientThread(threading.Thread):
    def __init__(self, conn, addr):
        super().__init__(name=f"client-{addr[1]}", daemon=True)
        self.conn = conn

    def run(self):
        with self.conn as conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(f"{self.name}: {error}")


class Server:
    def __init__(self, address):
        self.listener = socket.create_server(address)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()

    def run(self):
        while True:
            ClientThread(*self.listener.accept()).start()


if __name__ == "__main__":
    with Server((HOST, PORT)) as server:
        server.run()

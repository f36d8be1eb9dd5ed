"""A Timer for each client reminds of the idle after ten minutes, and is never cancelled.

fails: 02.3
says: threads instead of
"""
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090
IDLE_SECONDS = 600


class Client:
    def __init__(self, sock, addr):
        self.sock = sock
        self.addr = addr
        self.last = time.monotonic()
        self.timer = threading.Timer(IDLE_SECONDS, self.remind)
        self.timer.daemon = True

    def remind(self):
        idle = time.monotonic() - self.last
        print(f"{self.addr}: idle for {idle:.0f} s")

    def run(self):
        self.timer.start()  # <--
        try:
            while True:
                data = self.sock.recv(4096)
                if not data:
                    break
                self.last = time.monotonic()
                self.sock.sendall(data)
        except OSError as err:
            print(self.addr, err)
        finally:
            self.sock.close()


def main():
    srv = socket.create_server((HOST, PORT), backlog=128)
    try:
        while True:
            sock, addr = srv.accept()
            threading.Thread(target=Client(sock, addr).run, daemon=True).start()
    except KeyboardInterrupt:
        print("stop")


if __name__ == "__main__":
    main()

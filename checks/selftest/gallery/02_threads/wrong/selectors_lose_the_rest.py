"""One thread with selectors, which forgets at the end of a stream what it had no room for.

fails: 01.3
says: the server closed alice's connection
"""
import selectors
import socket
HOST, PORT = "127.0.0.1", 9090
sel = selectors.DefaultSelector()
R, W = selectors.EVENT_READ, selectors.EVENT_WRITE


class Peer:
    def __init__(self, sock):
        self.sock, self.out, self.eof = sock, bytearray(), False
        sock.setblocking(False)
        sel.register(sock, R, self)

    def close(self):
        sel.unregister(self.sock)
        self.sock.close()  # <--

    def __call__(self, mask):
        try:
            if mask & R:
                data = self.sock.recv(16384)
                if data:
                    self.out += data
                else:
                    self.eof = True
            if self.out:
                try:
                    n = self.sock.send(self.out)
                    del self.out[:n]
                except BlockingIOError:
                    pass
        except OSError:
            self.close()
            return
        if self.eof:
            self.close()
            return
        want = 0
        if not self.eof and len(self.out) < 1 << 20:
            want |= R
        if self.out:
            want |= W
        sel.modify(self.sock, want, self)


def main():
    with socket.create_server((HOST, PORT), backlog=200) as lst:
        lst.setblocking(False)

        def on_accept(mask):
            try:
                c, _ = lst.accept()
            except OSError:
                return
            Peer(c)
        sel.register(lst, R, on_accept)
        while True:
            for key, mask in sel.select():
                key.data(mask)


if __name__ == "__main__":
    main()

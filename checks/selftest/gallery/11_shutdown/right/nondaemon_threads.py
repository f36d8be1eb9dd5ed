"""Every thread is made by one function that says daemon=False; readers poll a stop flag with a time-out on a dup of the socket."""
import os
import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
stop = threading.Event()
LOCK = threading.Lock()
MEMBERS = {}
ALL = {}                 # socket -> Out


def spawn(f, *args):
    t = threading.Thread(target=f, args=args, daemon=False)
    t.start()
    return t


class Out(queue.Queue):
    """A queue of bytes that knows its socket."""

    def __init__(self, s):
        super().__init__(2500)
        self.s = s
        self.shut = False
        self.mutex2 = threading.Lock()

    def say(self, o, last=False):
        with self.mutex2:
            if self.shut:
                return
            self.shut = last
            try:
                self.put_nowait(encode(o))
            except queue.Full:
                self.shut = True
                self.cut()

    def seal(self):
        with self.mutex2:
            self.shut = True

    def cut(self):
        try:
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def loop(self):
        while True:
            with self.mutex2:
                shut = self.shut
            try:
                d = self.get(timeout=0.05 if shut else 0.3)
            except queue.Empty:
                if shut:
                    return
                continue
            try:
                self.s.sendall(d)
            except OSError:
                self.cut()


class Stoppable:
    def __init__(self, s):
        self.s = socket.socket(fileno=os.dup(s.fileno()))

    def recv(self, n):
        while not stop.is_set():
            import select
            r, _, _ = select.select([self.s], [], [], 0.2)
            if r:
                return self.s.recv(n)
        return b""

    def close(self):
        self.s.close()


def to_members(o, but=None):
    for s, n in MEMBERS.items():
        if s is not but:
            ALL[s].say(o)


def serve(s):
    out = Out(s)
    with LOCK:
        if stop.is_set():
            s.close()
            return
        ALL[s] = out
    w = spawn(out.loop)
    src = Stoppable(s)
    nick, buf = "", bytearray()
    try:
        while True:
            o = recv_json(src, buf)
            if o is None:
                break
            match o:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(u)} if not nick and 0 < len(u.strip()) < 33:
                    with LOCK:
                        if u.strip() not in MEMBERS.values():
                            MEMBERS[s] = nick = u.strip()
                            to_members({"type": "system", "text": "hello " + nick})
                    if not nick:
                        out.say({"type": "system", "text": "not free: " + u.strip()})
                case {"type": "chat", "text": str(t)} if nick:
                    with LOCK:
                        to_members({"type": "chat", "user": nick, "text": t}, s)
                case _:
                    out.say({"type": "system", "text": "not allowed"})
    except (OSError, ValueError) as e:
        print(e)
    with LOCK:
        if MEMBERS.pop(s, None):
            to_members({"type": "system", "text": "goodbye " + nick})
        del ALL[s]
    out.seal()
    w.join(1.0)
    out.cut()
    w.join()
    try:
        s.setblocking(False)
        while s.recv(65536):      # what nobody has read would make close() a reset
            pass
    except OSError:
        pass
    src.close()
    s.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as l:
        try:
            while True:
                c, _ = l.accept()
                spawn(serve, c)
        except KeyboardInterrupt:
            pass
    with LOCK:
        for out in ALL.values():
            out.say({"type": "system", "text": "server ends"}, last=True)
        stop.set()


if __name__ == "__main__":
    main()

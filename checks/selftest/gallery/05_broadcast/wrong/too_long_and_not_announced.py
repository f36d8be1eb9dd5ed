"""Who sends too long a line is disconnected, and nobody is told.

fails: 05.3
says: no system message with 'carol' in it came to alice
"""
import json
import selectors
import socket
HOST, PORT = "127.0.0.1", 9090
MAX = 65536
sel = selectors.DefaultSelector()
room = []


class C:
    def __init__(s, sock):
        s.sock, s.inb, s.out, s.nick, s.end = sock, bytearray(), bytearray(), None, False

    def put(s, **o):
        s.out += json.dumps(o).encode() + b"\n"
        s.flush()

    def flush(s):
        if s.sock.fileno() < 0:
            return
        try:
            while s.out:
                del s.out[:s.sock.send(s.out)]
        except BlockingIOError:
            pass
        except OSError:
            s.out.clear()
            s.end = True
        s.interest()

    def interest(s):
        if s.end and not s.out:
            s.close()
            return
        sel.modify(s.sock, (0 if s.end else selectors.EVENT_READ) | (selectors.EVENT_WRITE if s.out else 0), s)

    def close(s):
        if s.sock.fileno() < 0:
            return
        sel.unregister(s.sock)
        s.sock.close()
        s.gone()

    def gone(s):
        if s in room:
            room.remove(s)
            for x in room[:]:
                x.put(type="system", text=s.nick + " left")

    def readable(s):
        try:
            data = s.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            s.close()
            return
        if not data:
            return s.finish()
        s.inb += data
        while not s.end and (i := s.inb.find(b"\n")) >= 0:
            line = bytes(s.inb[:i + 1])
            del s.inb[:i + 1]
            if len(line) > MAX:
                if s in room: room.remove(s)
                return s.finish()
            try:
                m = json.loads(line.decode())
            except (ValueError, RecursionError):
                return s.finish()
            if not isinstance(m, dict):
                return s.finish()
            s.message(m)
        if len(s.inb) >= MAX:
            if s in room: room.remove(s)
            s.finish()

    def finish(s):
        if s.sock.fileno() < 0:
            return
        s.end = True
        s.gone()
        s.interest()

    def message(s, m):
        t = m.get("type")
        if t == "leave":
            s.finish()
        elif t == "join" and s.nick is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
            s.nick = m["user"].strip()
            room.append(s)
            for x in room[:]:
                x.put(type="system", text=s.nick + " joined")
        elif t == "chat" and s.nick is not None and isinstance(m.get("text"), str):
            for x in room[:]:
                if x is not s:
                    x.put(type="chat", user=s.nick, text=m["text"])
        else:
            s.put(type="system", text="refused")


with socket.create_server((HOST, PORT), backlog=200) as l:
    l.setblocking(False)
    sel.register(l, selectors.EVENT_READ, None)
    while True:
        for key, ev in sel.select():
            if key.data is None:  # <--
                try:
                    sock, _ = l.accept()
                except OSError:
                    continue
                sock.setblocking(False)
                sel.register(sock, selectors.EVENT_READ, C(sock))
            else:
                if ev & selectors.EVENT_WRITE:
                    key.data.flush()
                if ev & selectors.EVENT_READ and key.data.sock.fileno() >= 0:
                    key.data.readable()

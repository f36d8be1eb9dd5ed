"""A C programmer's server: an array of slots, file descriptors, os.read() and os.write(), a ring of bytes for each slot."""

import os
import socket
import threading

from utils import encode
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536
MAX_CLIENTS = 1024
RING_SIZE = 1 << 20


class Slot:
    sock = None
    fd = -1
    nick = None
    used = 0
    closing = False


slots = [None] * MAX_CLIENTS
mutex = threading.Lock()


def ring_put(s, data):
    """mutex is held"""
    if s.used + len(data) > RING_SIZE:
        slot_shutdown(s)
        return -1
    s.ring += data
    s.used += len(data)
    s.cond.notify()
    return 0


def slot_shutdown(s):
    try:
        s.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def writer_main(s):
    while True:
        with mutex:
            while s.used == 0 and not s.closing:
                s.cond.wait()
            if s.used == 0:
                return 0
            chunk = bytes(s.ring[:16384])
        try:
            n = os.write(s.fd, chunk)
        except OSError:
            slot_shutdown(s)
            n = None
        with mutex:
            if n is None:
                s.ring.clear()
                s.used = 0
            else:
                del s.ring[:n]
                s.used -= n


def broadcast(obj, except_slot=None):
    """mutex is held"""
    data = encode(obj)
    for i in range(MAX_CLIENTS):
        s = slots[i]
        if s is not None and s.nick is not None and s is not except_slot:
            ring_put(s, data)


def do_line(s, line):
    """returns 0 to go on, -1 to end"""
    try:
        obj = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return -1
    if type(obj) is not dict:
        return -1
    t = obj.get("type")
    if t == "leave":
        return -1
    err = None
    with mutex:
        if t == "join":
            nick = obj.get("user")
            nick = nick.strip() if type(nick) is str else ""
            if s.nick is not None:
                err = "EISCONN"
            elif not 1 <= len(nick) <= 32:
                err = "EINVAL"
            else:
                for i in range(MAX_CLIENTS):
                    if slots[i] is not None and slots[i].nick == nick:
                        err = "EADDRINUSE"
                        break
                else:
                    s.nick = nick
                    broadcast({"type": "system", "text": "+" + nick})
        elif t == "chat":
            if s.nick is None:
                err = "ENOTCONN"
            elif type(obj.get("text")) is not str:
                err = "EINVAL"
            else:
                broadcast({"type": "chat", "user": s.nick, "text": obj["text"]}, s)
        else:
            err = "ENOSYS"
        if err:
            ring_put(s, encode({"type": "system", "text": err}))
    return 0


def reader_main(index):
    with mutex:
        s = slots[index]
    w = threading.Thread(target=writer_main, args=(s,), daemon=True)
    w.start()
    buf = bytearray()
    rc = 0
    while rc == 0:
        try:
            chunk = os.read(s.fd, 4096)
        except OSError:
            break
        if len(chunk) == 0:
            break
        buf += chunk
        while rc == 0:
            p = buf.find(b"\n")
            if p < 0:
                if len(buf) >= MAX_LINE:
                    rc = -1
                break
            if p >= MAX_LINE:
                rc = -1
                break
            line = bytes(buf[:p])
            del buf[:p + 1]
            rc = do_line(s, line)
    with mutex:
        slots[index] = None
        if s.nick is not None:
            broadcast({"type": "system", "text": "-" + s.nick})
        s.closing = True
        s.cond.notify()
    w.join(0.5)
    slot_shutdown(s)
    w.join()
    s.sock.close()


def main():
    listenfd = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listenfd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listenfd.bind((HOST, PORT))
    listenfd.listen(128)
    while True:
        sock, _ = listenfd.accept()
        s = Slot()
        s.sock, s.fd = sock, sock.fileno()
        s.ring = bytearray()
        s.cond = threading.Condition(mutex)
        with mutex:
            for index in range(MAX_CLIENTS):
                if slots[index] is None:
                    slots[index] = s
                    break
            else:
                sock.close()
                continue
        threading.Thread(target=reader_main, args=(index,), daemon=True).start()


if __name__ == "__main__":
    main()

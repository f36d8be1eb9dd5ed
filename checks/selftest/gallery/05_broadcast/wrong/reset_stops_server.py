"""One thread with selectors that does not catch a reset: the first one ends the whole server.

fails: 05.3 05.1 05.2 05.4
says: server.py stopped with ConnectionResetError
"""
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

selector = selectors.DefaultSelector()
nicks = {}  # connection -> nick
buffers = {}  # connection -> bytes not used yet


def send(conn, **obj):
    try:
        conn.sendall(json.dumps(obj).encode() + b"\n")
    except OSError:
        pass


def send_all(conns, **obj):
    for conn in list(conns):
        send(conn, **obj)


def goodbye(conn):
    selector.unregister(conn)
    del buffers[conn]
    nick = nicks.pop(conn, None)
    conn.close()
    if nick:
        send_all(nicks, type="system", text=f"{nick} left")


def obey(conn, obj):
    nick = nicks.get(conn)
    match obj:
        case {"type": "join", "user": str(user)} if not nick and 1 <= len(user.strip()) <= 32:
            nicks[conn] = user.strip()
            send_all(nicks, type="system", text=f"{nicks[conn]} joined")
        case {"type": "chat", "text": str(text)} if nick:
            send_all([other for other in nicks if other is not conn], type="chat", user=nick, text=text)
        case {"type": "leave"}:
            raise EOFError
        case dict():
            send(conn, type="system", text="not like this")
        case _:
            raise ValueError("not an object")


def read(conn):
    data = conn.recv(4096)  # <--
    try:
        if not data:
            raise EOFError
        *lines, buffers[conn] = (buffers[conn] + data).split(b"\n")
        for line in lines:
            if len(line) >= MAX_LINE:
                raise ValueError("too long")
            obey(conn, json.loads(line.decode()))
        if len(buffers[conn]) >= MAX_LINE:
            raise ValueError("too long")
    except (EOFError, ValueError, RecursionError):
        goodbye(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    conn, _ = listener.accept()
                    buffers[conn] = b""
                    selector.register(conn, selectors.EVENT_READ)
                elif key.fileobj in buffers:
                    read(key.fileobj)


if __name__ == "__main__":
    main()

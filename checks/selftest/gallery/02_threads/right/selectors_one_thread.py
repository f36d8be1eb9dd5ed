"""No threads at all: one loop over selectors, which reads a client only when its reply is out."""
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090

selector = selectors.DefaultSelector()


def accept(listener):
    conn, _ = listener.accept()
    conn.setblocking(False)
    selector.register(conn, selectors.EVENT_READ, b"")


def serve(key):
    conn, rest = key.fileobj, key.data
    if rest:
        rest = rest[conn.send(rest):]
    else:
        rest = conn.recv(65536)
        if not rest:
            raise EOFError
    selector.modify(conn, selectors.EVENT_WRITE if rest else selectors.EVENT_READ, rest)


with socket.create_server((HOST, PORT)) as listener:
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                accept(listener)
                continue
            try:
                serve(key)
            except (OSError, EOFError):
                selector.unregister(key.fileobj)
                key.fileobj.close()

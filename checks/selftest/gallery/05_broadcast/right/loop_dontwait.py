"""One thread and selectors for all; connections that block, sends with MSG_DONTWAIT, and what does not fit waits in a buffer."""
import json
import selectors
import socket

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
sel = selectors.DefaultSelector()
members = {}


def system(text):
    return {"type": "system", "text": text}


class Peer:
    """What has come from a client and is no line yet, and what it has not been sent yet."""

    def __init__(self):
        self.buffer, self.out = bytearray(), bytearray()


peers = {}


def put(conn, obj):
    """Leave a message for a client, and send what can be sent at once."""
    peers[conn].out += json.dumps(obj).encode() + b"\n"
    flush(conn)


def flush(conn):
    out = peers[conn].out
    try:
        del out[: conn.send(out, socket.MSG_DONTWAIT)]
    except BlockingIOError:
        pass
    except OSError:
        out.clear()  # going; recv will say so
    sel.modify(conn, selectors.EVENT_READ | (selectors.EVENT_WRITE if out else 0))


def tell(obj, but=None):
    for conn in list(members):
        if conn is not but:
            put(conn, obj)


def end(conn):
    sel.unregister(conn)
    del peers[conn]
    conn.close()
    nick = members.pop(conn, None)
    if nick is not None:
        tell(system(f"{nick} has left"))


def message(conn, line):
    """Do what a line asks; tell whether the connection goes on."""
    obj = json.loads(line.decode())
    if len(line) >= MAX_LINE or not isinstance(obj, dict):
        return False
    match obj:
        case {"type": "join", "user": str(user)} if conn not in members and 1 <= len(user.strip()) <= 32:
            members[conn] = user.strip()
            tell(system(f"{members[conn]} has joined"))
        case {"type": "chat", "text": str(text)} if conn in members:
            tell({"type": "chat", "user": members[conn], "text": text}, conn)
        case {"type": "leave"}:
            return False
        case _:
            put(conn, system("not understood"))
    return True


def readable(conn):
    buffer = peers[conn].buffer
    try:
        data = conn.recv(4096)
        if not data:
            return end(conn)
        buffer += data
        while (stop := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:stop])
            del buffer[: stop + 1]
            if not message(conn, line):
                return end(conn)
        if len(buffer) >= MAX_LINE:
            end(conn)
    except (OSError, ValueError, RecursionError) as error:
        print(error)
        end(conn)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        sel.register(listener, selectors.EVENT_READ)
        print(f"listening on {HOST}:{PORT}", flush=True)
        while True:
            for key, events in sel.select():
                if key.fileobj is listener:
                    conn = listener.accept()[0]
                    peers[conn] = Peer()
                    sel.register(conn, selectors.EVENT_READ)
                elif key.fileobj in peers and events & selectors.EVENT_WRITE:
                    flush(key.fileobj)
                elif key.fileobj in peers:
                    readable(key.fileobj)


if __name__ == "__main__":
    main()

"""A room on connections that do not block: what does not fit is sent later, by the member's own thread; the next message may fit at once.

fails: 05.5 03.1
says: bob got a line that is not JSON
"""
import json
import select
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
members = {}  # Member -> nick


class Member:
    def __init__(self, conn):
        self.conn, self.backlog, self.guard = conn, bytearray(), threading.Lock()
        conn.setblocking(False)

    def send(self, obj):
        data = json.dumps(obj).encode() + b"\n"
        with self.guard:
            try:
                sent = self.conn.send(data)
            except BlockingIOError:
                sent = 0
            self.backlog += data[sent:]

    def flush(self):
        with self.guard:
            try:
                del self.backlog[: self.conn.send(self.backlog)]  # <--
            except BlockingIOError:
                pass

    def lines(self):
        buffer = bytearray()
        while True:
            readable, writable, _ = select.select([self.conn], [self.conn] if self.backlog else [], [], 0.1)
            if writable:
                self.flush()
            if readable:
                data = self.conn.recv(4096)
                if not data:
                    return
                buffer += data
                while (end := buffer.find(b"\n")) >= 0:
                    line = bytes(buffer[:end])
                    del buffer[: end + 1]
                    if end >= MAX_LINE:
                        raise ValueError("too long")
                    yield line
                if len(buffer) >= MAX_LINE:
                    raise ValueError("too long")


def tell(obj, but=None):
    for member in list(members):
        if member is not but:
            try:
                member.send(obj)
            except OSError:
                pass


def system(text):
    return {"type": "system", "text": text}


def serve(member):
    for line in member.lines():
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            raise ValueError("no object")
        match obj:
            case {"type": "join", "user": str(user)} if member not in members and 1 <= len(user.strip()) <= 32:
                members[member] = user.strip()
                tell(system(f"{members[member]} has joined"))
            case {"type": "chat", "text": str(text)} if member in members:
                tell({"type": "chat", "user": members[member], "text": text}, member)
            case {"type": "leave"}:
                return
            case _:
                member.send(system("not understood"))


def handle_client(conn, addr):
    member = Member(conn)
    with conn:
        try:
            serve(member)
        except (OSError, ValueError, RecursionError) as error:
            print(f"{addr}: {error}")
        finally:
            nick = members.pop(member, None)
            if nick is not None:
                tell(system(f"{nick} has left"))


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}", flush=True)
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

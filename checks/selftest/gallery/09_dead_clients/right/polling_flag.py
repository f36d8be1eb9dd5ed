"""Nobody shuts down another's connection: each thread polls its own five times a second and looks at its flag; a Condition as lock."""

import json
import select
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65536


class Client:
    def __init__(self, conn):
        self.conn = conn
        self.nick = None
        self.out = threading.Event()
        self.received = b""

    def send(self, obj):
        self.conn.sendall(json.dumps(obj).encode("ascii") + b"\n")

    def refuse(self, text="cannot do that"):
        self.send({"type": "system", "text": text})

    def line(self):
        """The next line; None at the end, or when thrown out."""
        poller = select.poll()
        poller.register(self.conn, select.POLLIN)
        while not self.out.is_set():
            line, newline, rest = self.received.partition(b"\n")
            if len(line) >= MAX:
                return None
            if newline:
                self.received = rest
                return line
            if poller.poll(200):
                data = self.conn.recv(8192)
                if not data:
                    return None
                self.received += data
        return None


class Room:
    def __init__(self):
        self.cond = threading.Condition(threading.Lock())
        self.clients = []

    def join(self, client, nick):
        with self.cond:
            if nick in [c.nick for c in self.clients]:
                return False
            client.nick = nick
            self.clients.append(client)
            return True

    def tell(self, sender, obj, everybody=False):
        with self.cond:
            if sender not in self.clients:
                return
            hearers = [c for c in self.clients if everybody or c is not sender]
        self.throw_out(self.failing(hearers, obj))

    def failing(self, hearers, obj):
        result = []
        for client in hearers:
            try:
                client.send(obj)
            except OSError:
                result.append(client)
        return result

    def throw_out(self, dead):
        while dead:
            with self.cond:
                mine = [c for c in self.clients if c in dead]
                for client in mine:
                    self.clients.remove(client)
                remaining = self.clients.copy()
            dead = []
            for client in mine:
                client.out.set()
                dead += self.failing(remaining, {"type": "system", "text": f"{client.nick} is out"})


room = Room()


def answer(client, obj):
    match obj:
        case {"type": "join", "user": str(user)} if client.nick is None and 1 <= len(user.strip()) <= 32:
            if room.join(client, user.strip()):
                room.tell(client, {"type": "system", "text": f"{client.nick} is in"}, everybody=True)
            else:
                client.refuse("choose another nick")
        case {"type": "chat", "text": str(text)} if client.nick is not None:
            room.tell(client, {"type": "chat", "user": client.nick, "text": text})
        case _:
            client.refuse()


def serve(conn):
    client = Client(conn)
    try:
        while (line := client.line()) is not None:
            obj = json.loads(line.decode("utf-8"))
            if not isinstance(obj, dict) or obj.get("type") == "leave":
                break
            answer(client, obj)
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        if client.nick is not None:
            room.throw_out([client])
        try:
            conn.shutdown(socket.SHUT_RDWR)  # for who is about to send to it
        except OSError:
            pass
        conn.close()


def main():
    with socket.create_server((HOST, PORT), backlog=200) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

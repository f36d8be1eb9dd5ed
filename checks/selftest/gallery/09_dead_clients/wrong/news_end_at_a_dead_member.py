"""Tells of a leaving with one try around the whole loop.

fails: 05.3
says: no system message with 'dan' in it came to bob
"""
import contextlib, enum, itertools, logging, signal, socket, sys, threading
from dataclasses import dataclass, field
import utils
HOST, PORT = "127.0.0.1", 9090
logger = logging.getLogger(__name__)
ids = itertools.count(1)

class State(enum.Enum):
    NEW = 1
    MEMBER = 2
    GONE = 3

@dataclass(eq=False)
class Client:
    conn: socket.socket
    id: int = field(default_factory=lambda: next(ids))
    state: State = State.NEW
    nick: str = ""
    buf: bytearray = field(default_factory=bytearray)

class Registry:
    def __init__(self):
        self._cv = threading.Condition(threading.Lock())
        self._by_id = {}

    def register(self, client, nick):
        """Return who is to be told, or None when the nick is taken."""
        with self._cv:
            if any(c.nick == nick for c in self._by_id.values()):
                return None
            client.nick, client.state = nick, State.MEMBER
            self._by_id[client.id] = client
            return list(self._by_id.values())

    def audience(self, client):
        with self._cv:
            if client.state is not State.MEMBER:
                return []
            return [c for c in self._by_id.values() if c is not client]

    def unregister(self, clients):
        gone = []
        with self._cv:
            for c in clients:
                if c.state is State.MEMBER:
                    c.state = State.GONE
                    del self._by_id[c.id]
                    gone.append(c)
            rest = list(self._by_id.values())
        return gone, rest

registry = Registry()

def sysm(text): return {"type": "system", "text": text}

def post(clients, obj):
    failed = []
    for c in clients:
        try:
            utils.send_json(c.conn, obj)
        except OSError as e:
            logger.info("client %d: %s", c.id, e)
            failed.append(c)
    return failed

def expel(clients):
    queue = list(clients)
    while queue:
        gone, rest = registry.unregister(queue)
        queue = []
        for c in gone:
            with contextlib.suppress(OSError):
                c.conn.shutdown(socket.SHUT_RDWR)
        for c in gone:
            at = None
            try:
                for at in rest:
                    utils.send_json(at.conn, sysm(f"{c.nick} has left the chat"))  # <--
            except OSError:
                queue.append(at)

def process(c, msg):
    match msg, c.state:
        case {"type": "leave"}, _:
            return False
        case {"type": "join", "user": str(u)}, State.NEW if 1 <= len(u.strip()) <= 32:
            who = registry.register(c, u.strip())
            if who is None:
                utils.send_json(c.conn, sysm(f"nick {u.strip()} is taken"))
            else:
                expel(post(who, sysm(f"{c.nick} has entered the chat")))
        case {"type": "chat", "text": str(t)}, State.MEMBER | State.GONE:
            expel(post(registry.audience(c), {"type": "chat", "user": c.nick, "text": t}))
        case _:
            utils.send_json(c.conn, sysm("malformed"))
    return True

def serve(conn, addr):
    c = Client(conn)
    try:
        while (m := utils.recv_json(conn, c.buf)) is not None and process(c, m):
            pass
    except (OSError, ValueError) as e:
        logger.info("client %d: %s", c.id, e)
    except Exception:
        logger.exception("client %d", c.id)
    finally:
        try:
            expel([c])
        finally:
            conn.close()

def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
    with socket.create_server((HOST, PORT), backlog=256) as l:
        while True:
            threading.Thread(target=serve, args=l.accept(), daemon=True).start()

if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass

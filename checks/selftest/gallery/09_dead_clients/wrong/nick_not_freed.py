"""Members in a dict, nicks in a set beside it: the path of the dead forgets the set.

fails: 09.2 09.3
says: the nick 'bob' is still taken, though bob is dead
"""
import socket
import threading

from utils import recv_json, send_json

mutex = threading.Lock()
sockets = {}          # socket -> nick
nicks = set()         # all taken nicks


def take(conn, nick):
    with mutex:
        if nick in nicks:
            return False
        nicks.add(nick)
        sockets[conn] = nick
        return True


def out(conn):
    with mutex:
        nick = sockets.pop(conn, None)
        return nick, list(sockets)


def send_many(conns, obj):
    lost = []
    for c in conns:
        try:
            send_json(c, obj)
        except OSError:
            lost.append(c)
    return lost


def lose(lost):
    while lost:
        more = []
        for c in lost:
            nick, rest = out(c)
            if nick is None:
                continue
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            more += send_many(rest, {"type": "system", "text": nick + " was lost"})
        lost = more


def all_but(conn, me=False):
    with mutex:
        if conn not in sockets:
            return []
        return [c for c in sockets if me or c is not conn]


def worker(conn):
    nick, buf = None, bytearray()
    try:
        while (m := recv_json(conn, buf)) is not None:
            t = m.get("type")
            if t == "leave":
                break
            if t == "join" and nick is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
                if take(conn, m["user"].strip()):
                    nick = m["user"].strip()
                    lose(send_many(all_but(conn, True), {"type": "system", "text": nick + " joined"}))
                else:
                    send_json(conn, {"type": "system", "text": m["user"].strip() + " is taken"})
            elif t == "chat" and nick is not None and isinstance(m.get("text"), str):
                lose(send_many(all_but(conn), {"type": "chat", "user": nick, "text": m["text"]}))  # <--
            else:
                send_json(conn, {"type": "system", "text": "no such thing"})
    except (OSError, ValueError):
        pass
    finally:
        gone, rest = out(conn)
        if gone is not None:
            with mutex:
                nicks.discard(gone)
            lose(send_many(rest, {"type": "system", "text": gone + " left"}))
        conn.close()


if __name__ == "__main__":
    s = socket.create_server(("127.0.0.1", 9090), backlog=128)
    while True:
        threading.Thread(target=worker, args=(s.accept()[0],), daemon=True).start()

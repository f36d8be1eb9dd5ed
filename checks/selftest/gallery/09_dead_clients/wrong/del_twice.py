"""`del` for each of the dead without asking whether another thread was faster: KeyError.

fails: 09.2 09.3 09.4
says: the server closed
"""
import socket
import threading

from utils import recv_json, send_json

clients = {}
lock = threading.Lock()


def safe_send(conn, obj):
    try:
        send_json(conn, obj)
        return True
    except OSError:
        return False


def kick(conn):
    """remove a dead one and tell the rest, without recursion"""
    stack = [conn]
    while stack:
        c = stack.pop()
        with lock:
            nick = clients[c]  # <--
            del clients[c]
            rest = list(clients.keys())
        try:
            c.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for r in rest:
            if not safe_send(r, {"type": "system", "text": nick + " was kicked"}) and r not in stack:
                stack.append(r)


def sendToAll(obj, skip):
    with lock:
        targets = [c for c in clients if c is not skip]
    dead = [c for c in targets if not safe_send(c, obj)]
    for c in dead:
        kick(c)


def handleClient(conn):
    buf = bytearray()
    nick = None
    try:
        while True:
            obj = recv_json(conn, buf)
            if obj is None:
                break
            kind = obj.get("type")
            if kind == "join" and nick is None and isinstance(obj.get("user"), str) and 1 <= len(obj["user"].strip()) <= 32:
                n = obj["user"].strip()
                with lock:
                    ok = n not in clients.values()
                    if ok:
                        clients[conn] = n
                if ok:
                    nick = n
                    sendToAll({"type": "system", "text": nick + " joined"}, None)
                else:
                    safe_send(conn, {"type": "system", "text": n + " is taken"})
            elif kind == "chat" and nick is not None and isinstance(obj.get("text"), str):
                sendToAll({"type": "chat", "user": nick, "text": obj["text"]}, conn)
            elif kind == "leave":
                break
            else:
                safe_send(conn, {"type": "system", "text": "wrong"})
    except (OSError, ValueError) as e:
        print("error", e)
    finally:
        with lock:
            still = conn in clients
        if still:
            kick(conn)
        conn.close()


def main():
    server = socket.create_server(("127.0.0.1", 9090), backlog=128)
    while True:
        conn, addr = server.accept()
        threading.Thread(target=handleClient, args=(conn,), daemon=True).start()


main()

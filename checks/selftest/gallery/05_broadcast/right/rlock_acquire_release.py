"""An RLock with acquire and release by hand, in functions that call one another, also while sending."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

rlock = threading.RLock()
nicks = []
socks = []


def send_to_all(obj, except_for=None):
    rlock.acquire()
    try:
        for sock in socks:
            if sock != except_for:
                try:
                    send_json(sock, obj)
                except OSError:
                    pass
    finally:
        rlock.release()


def add(sock, nick):
    rlock.acquire()
    try:
        socks.append(sock)
        nicks.append(nick)
        send_to_all({"type": "system", "text": "%s is with us now" % nick})
    finally:
        rlock.release()


def remove(sock):
    rlock.acquire()
    try:
        if sock in socks:
            i = socks.index(sock)
            del socks[i]
            nick = nicks.pop(i)
            send_to_all({"type": "system", "text": "%s is gone" % nick})
    finally:
        rlock.release()


def my_nick(sock):
    rlock.acquire()
    try:
        return nicks[socks.index(sock)] if sock in socks else None
    finally:
        rlock.release()


def run(sock):
    buffer = bytearray()
    try:
        while True:
            obj = recv_json(sock, buffer)
            if obj is None or obj.get("type") == "leave":
                break
            nick = my_nick(sock)
            user = obj.get("user")
            text = obj.get("text")
            if obj.get("type") == "join" and nick is None and type(user) is str and 1 <= len(user.strip()) <= 32:
                add(sock, user.strip())
            elif obj.get("type") == "chat" and nick is not None and type(text) is str:
                send_to_all({"type": "chat", "user": nick, "text": text}, except_for=sock)
            else:
                send_json(sock, {"type": "system", "text": "Error 400"})
    except Exception as e:
        print("client failed:", repr(e))
    finally:
        remove(sock)
        sock.close()


if __name__ == "__main__":
    server = socket.create_server((HOST, PORT), backlog=200)
    try:
        while True:
            sock, _ = server.accept()
            t = threading.Thread(target=run, args=(sock,))
            t.daemon = True
            t.start()
    except KeyboardInterrupt:
        server.close()

"""A second join with a nick takes it over: the dict's entry is written anew.

fails: 07.1
says: was let in, though 'alice' is in the room
"""

import socket
import threading

from utils import recv_json, send_json

HOST = "127.0.0.1"
PORT = 9090

online = {}  # nick -> socket
mutex = threading.Lock()


def enter(nick, sock):
    mutex.acquire()
    try:
        online[nick] = sock
        return True
    finally:
        mutex.release()


def go(nick):
    mutex.acquire()
    try:
        online.pop(nick, None)
    finally:
        mutex.release()


def all_but(nick=None):
    mutex.acquire()
    try:
        return [sock for name, sock in online.items() if name != nick]
    finally:
        mutex.release()


def tell(socks, **message):
    for sock in socks:
        try:
            send_json(sock, message)  # <--
        except OSError:
            continue


def talk(sock):
    nick, buffer = None, bytearray()
    try:
        while True:
            message = recv_json(sock, buffer)
            if message is None or message.get("type") == "leave":
                break
            kind, user, text = message.get("type"), message.get("user"), message.get("text")
            if kind == "join" and nick is None and isinstance(user, str) and 0 < len(user.strip()) < 33:
                wish = user.strip()
                if not enter(wish, sock):
                    send_json(sock, {"type": "system", "text": f"{wish} is in use"})
                    continue
                nick = wish
                tell(all_but(), type="system", text=f"hello {nick}")
            elif kind == "chat" and nick is not None and isinstance(text, str):
                tell(all_but(nick), type="chat", user=nick, text=text)
            else:
                send_json(sock, {"type": "system", "text": "what do you mean?"})
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None:
            go(nick)
            tell(all_but(), type="system", text=f"goodbye {nick}")
        sock.close()


listener = socket.create_server((HOST, PORT))
while True:
    sock, _ = listener.accept()
    threading.Thread(target=talk, args=[sock], daemon=True).start()

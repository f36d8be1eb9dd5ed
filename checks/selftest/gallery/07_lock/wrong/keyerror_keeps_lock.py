"""Deletes between acquire() and release(): when there is nothing to delete, the lock is never released.

fails: 07.4 02.3 05.4 07.1 07.2 07.3
says: no system message with 'newcomer' in it came to newcomer
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
        if nick in online:
            return False
        online[nick] = sock
        return True
    finally:
        mutex.release()


def go(nick):
    mutex.acquire()  # <--
    del online[nick]  # <--
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
            send_json(sock, message)
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
        try:
            go(nick)
            tell(all_but(), type="system", text=f"goodbye {nick}")
        except KeyError:  # had never joined
            pass
        sock.close()


listener = socket.create_server((HOST, PORT))
while True:
    sock, _ = listener.accept()
    threading.Thread(target=talk, args=[sock], daemon=True).start()

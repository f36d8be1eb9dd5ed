"""Starts a watchdog thread for each member that ends only when the member has said leave.

fails: 09.2 02.3
says: after bob's death the server has
"""

import contextlib
import socket
import threading

from utils import recv_json, send_json

HOST = "127.0.0.1"
PORT = 9090

online = {}  # nick -> socket
lock = threading.Lock()


def enter(nick, sock):
    with lock:
        if nick in online:
            return False
        online[nick] = sock
        return True


def take_out(nick, sock):
    """False if this one is out already; its nick may have gone to another by now."""
    with lock:
        if online.get(nick) is not sock:
            return False
        del online[nick]
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    return True


def say(message, but=None):
    to_say = [message]
    for message in to_say:  # grows while it is walked: one more for each who is lost
        with lock:
            others = [(nick, sock) for nick, sock in online.items() if nick != but]
        lost = []
        for nick, sock in others:
            try:
                send_json(sock, message)
            except OSError:
                lost.append((nick, sock))
        for nick, sock in lost:
            if take_out(nick, sock):
                to_say.append({"type": "system", "text": f"{nick} is lost"})
        but = None


def watchdog(nick, left):
    """Says in the server's window who has been here for an hour."""
    while not left.wait(3600):  # <--
        print(nick, "is still here")


def talk(sock):
    nick, buffer, left = None, bytearray(), threading.Event()
    try:
        while True:
            message = recv_json(sock, buffer)
            if message is None:
                break
            if message.get("type") == "leave":
                left.set()
                break
            kind, user, text = message.get("type"), message.get("user"), message.get("text")
            if kind == "join" and nick is None and isinstance(user, str) and 0 < len(user.strip()) < 33:
                if not enter(user.strip(), sock):
                    send_json(sock, {"type": "system", "text": f"{user.strip()} is in use"})
                    continue
                nick = user.strip()
                threading.Thread(target=watchdog, args=(nick, left), daemon=True).start()  # <--
                say({"type": "system", "text": f"hello {nick}"})
            elif kind == "chat" and nick is not None and isinstance(text, str):
                say({"type": "chat", "user": nick, "text": text}, but=nick)
            else:
                send_json(sock, {"type": "system", "text": "what do you mean?"})
    except (OSError, ValueError):
        pass
    finally:
        if nick is not None and take_out(nick, sock):
            say({"type": "system", "text": f"goodbye {nick}"})
        sock.close()


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=talk, args=[sock], daemon=True).start()


if __name__ == "__main__":
    main()

"""Takes out the first one who is dead and returns, with others in the list still to be told.

fails: 09.1 09.2 09.3
says: from alice did not come to bob
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
        for nick, sock in others:
            try:
                send_json(sock, message)  # <--
            except OSError:
                if take_out(nick, sock):
                    say({"type": "system", "text": f"{nick} is lost"})
                return
        but = None


def talk(sock):
    nick, buffer = None, bytearray()
    try:
        while True:
            message = recv_json(sock, buffer)
            if message is None or message.get("type") == "leave":
                break
            kind, user, text = message.get("type"), message.get("user"), message.get("text")
            if kind == "join" and nick is None and isinstance(user, str) and 0 < len(user.strip()) < 33:
                if not enter(user.strip(), sock):
                    send_json(sock, {"type": "system", "text": f"{user.strip()} is in use"})
                    continue
                nick = user.strip()
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

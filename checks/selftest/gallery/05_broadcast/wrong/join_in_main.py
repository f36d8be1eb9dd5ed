"""The accept loop itself reads the first message, so a silent client keeps all newcomers waiting.

fails: 02.1 05.1
says: no system message with 'bob' in it came to bob
"""

import socket
import threading

import utils

HOST, PORT = "127.0.0.1", 9090

members = {}
lock = threading.Lock()


def tell(conn, text):
    utils.send_json(conn, {"type": "system", "text": text})


def tell_all(text):
    with lock:
        everyone = list(members)
    for conn in everyone:
        try:
            tell(conn, text)
        except OSError:
            continue


def say(sender, text):
    with lock:
        nick = members[sender]
        others = [conn for conn in members if conn is not sender]
    for conn in others:
        try:
            utils.send_json(conn, {"type": "chat", "user": nick, "text": text})
        except OSError:
            continue


def good_nick(nick):
    return isinstance(nick, str) and 0 < len(nick.strip()) <= 32


def serve(conn, obj):
    """Do what obj asks for; False when the client leaves."""
    kind = obj.get("type")
    if kind == "leave":
        return False
    if kind == "join" and conn not in members and good_nick(obj.get("user")):
        nick = obj["user"].strip()
        with lock:
            members[conn] = nick
        tell_all(f"{nick} is here")
    elif kind == "chat" and conn in members and isinstance(obj.get("text"), str):
        say(conn, obj["text"])
    else:
        tell(conn, "I did not understand you")
    return True


def client_thread(conn, buffer, obj):
    with conn:
        try:
            while obj is not None and serve(conn, obj):
                obj = utils.recv_json(conn, buffer)
        except (OSError, ValueError):
            pass
        finally:
            with lock:
                nick = members.pop(conn, None)
            if nick is not None:
                tell_all(f"{nick} has gone")


def main():
    listener = socket.create_server((HOST, PORT))
    print("chat server on port", PORT)
    while True:
        conn, _ = listener.accept()
        buffer = bytearray()
        try:
            first = utils.recv_json(conn, buffer)  # <--
        except (OSError, ValueError, RecursionError):
            conn.close()
            continue
        threading.Thread(target=client_thread, args=[conn, buffer, first], daemon=True).start()


if __name__ == "__main__":
    main()

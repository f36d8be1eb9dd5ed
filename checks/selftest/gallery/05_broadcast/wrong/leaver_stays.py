"""Who has left stays in the dict, and the next one to say something dies of the failed send.

fails: 05.3 05.2 05.4
says: no chat message came to bob
"""

import socket
import threading

import utils

HOST, PORT = "127.0.0.1", 9090

members = {}
lock = threading.Lock()


def tell(conn, text):
    utils.send_json(conn, {"type": "system", "text": text})  # <--


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
        utils.send_json(conn, {"type": "chat", "user": nick, "text": text})


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


def client_thread(conn):
    buffer = bytearray()
    with conn:
        try:
            while True:
                obj = utils.recv_json(conn, buffer)
                if obj is None or not serve(conn, obj):
                    break
        except (OSError, ValueError):
            pass
        finally:
            with lock:
                nick = members.get(conn)
            if nick is not None:
                tell_all(f"{nick} has gone")


def main():
    listener = socket.create_server((HOST, PORT))
    print("chat server on port", PORT)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=client_thread, args=[conn], daemon=True).start()


if __name__ == "__main__":
    main()

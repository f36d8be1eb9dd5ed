"""Members are kept under their socket's number, and taken out after the socket is closed and the number free again.

fails: 05.3
says: no system message with 'dave' in it came to dave
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

room = {}  # number of the socket -> (connection, nick)


def say(obj, but=None):
    for number, (conn, _) in list(room.items()):
        if number != but:
            try:
                send_json(conn, obj)
            except OSError:
                pass


def system(text):
    return {"type": "system", "text": text}


def talk(conn, number):
    """Until the client goes."""
    buffer = bytearray()
    while (obj := recv_json(conn, buffer)) is not None:
        kind = obj.get("type")
        if kind == "leave":
            return
        user, text = obj.get("user"), obj.get("text")
        if kind == "join" and number not in room and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            nick = user.strip()
            room[number] = conn, nick
            say(system(f"{nick} has joined"))
        elif kind == "chat" and number in room and isinstance(text, str):
            say({"type": "chat", "user": room[number][1], "text": text}, but=number)
        else:
            send_json(conn, system("not now"))


def client(conn):
    number = conn.fileno()
    with conn:  # <--
        try:
            talk(conn, number)
        except (OSError, ValueError) as error:
            print(number, error)
    _, nick = room.pop(number, (None, None))
    if nick is not None:
        say(system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

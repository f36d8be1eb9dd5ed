"""A dispatch table, looked up only with a string; handlers raise Refused."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Refused(Exception):
    pass


class Leave(Exception):
    pass


def field(msg, name):
    value = msg.get(name)
    if not isinstance(value, str):
        raise Refused(f"{name} is missing or not a string")
    return value


def join(state, msg):
    nick = field(msg, "user").strip()
    if "nick" in state:
        raise Refused("one join is enough")
    if len(nick) not in range(1, 33):
        raise Refused("nick: 1 to 32 characters")
    state["nick"] = nick
    return {"type": "system", "text": f"welcome, {nick}"}


def chat(state, msg):
    if "nick" not in state:
        raise Refused("join first")
    return {"type": "chat", "user": state["nick"], "text": field(msg, "text")}


def leave(state, msg):
    raise Leave


ACTIONS = {"join": join, "chat": chat, "leave": leave}


def answer(state, msg):
    try:
        action = ACTIONS.get(field(msg, "type"))
        if action is None:
            raise Refused("unknown type")
        return action(state, msg)
    except Refused as e:
        return {"type": "system", "text": str(e)}


def handle_client(conn, addr):
    state = {}
    buffer = bytearray()
    with conn:
        try:
            while (msg := recv_json(conn, buffer)) is not None:
                send_json(conn, answer(state, msg))
        except Leave:
            pass
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

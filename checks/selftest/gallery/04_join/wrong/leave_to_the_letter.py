"""Knows a leave only when nothing else stands in it: with a field that it does not know it is refused.

fails: 04.2
says: the server did not close alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
LEAVE = {"type": "leave"}


def refuse(conn, why):
    send_json(conn, {"type": "system", "text": why})


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    try:
        while True:
            obj = recv_json(conn, buffer)
            if obj is None or obj == LEAVE:
                break
            if obj.get("type") == "join":
                user = obj.get("user")
                if nick is not None:
                    refuse(conn, "you have joined already")
                elif not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
                    refuse(conn, "this is no nick")
                else:
                    nick = user.strip()
                    send_json(conn, {"type": "system", "text": f"hi {nick}"})
            elif obj.get("type") == "chat":
                text = obj.get("text")
                if nick is None:
                    refuse(conn, "join first")
                elif not isinstance(text, str):
                    refuse(conn, "say something")
                else:
                    send_json(conn, {"type": "chat", "user": nick, "text": text})
            else:
                refuse(conn, "join, chat or leave")  # <--
    except (OSError, ValueError) as error:
        print(addr, error)
    finally:
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

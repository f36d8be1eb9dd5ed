"""A new buffer after the join: what came in one piece with the join is lost.

fails: 03.1
says: no chat message came to bob
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


def refuse(conn):
    send_json(conn, system("refused"))


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:
        try:
            nick = None
            while nick is None:  # stage one: wait for a join
                obj = recv_json(conn, buffer)
                if obj is None:
                    return
                user = obj.get("user")
                if obj.get("type") == "join" and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()
                else:
                    refuse(conn)
            send_json(conn, system(f"welcome, {nick}"))
            buffer = bytearray()  # <-- stage two: talk
            while (obj := recv_json(conn, buffer)) is not None:  # <--
                if obj.get("type") == "leave":
                    return
                if obj.get("type") == "chat" and isinstance(obj.get("text"), str):
                    send_json(conn, {"type": "chat", "user": nick, "text": obj["text"]})
                else:
                    refuse(conn)
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

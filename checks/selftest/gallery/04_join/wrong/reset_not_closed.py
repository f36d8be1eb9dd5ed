"""After a reset the thread ends, but the socket stays open in the dict of members.

fails: 04.3 02.3
says: after alice ended her stream and bob broke off the server has
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
members = {}
lock = threading.Lock()


def serve(conn, msg):
    nick = members.get(conn)
    match msg:
        case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
            with lock:
                members[conn] = user.strip()
            send_json(conn, {"type": "system", "text": f"welcome, {user.strip()}"})
        case {"type": "chat", "text": str(text)} if nick is not None:
            send_json(conn, {"type": "chat", "user": nick, "text": text})
        case _:
            send_json(conn, {"type": "system", "text": "refused"})


def handle_client(conn, addr):
    buffer = bytearray()
    try:
        while (msg := recv_json(conn, buffer)) is not None and msg.get("type") != "leave":  # <--
            serve(conn, msg)
    except ConnectionResetError:
        print(addr, "reset")
        return
    except (OSError, ValueError) as e:
        print(addr, e)
    with lock:
        members.pop(conn, None)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""A leave ends the thread, but the socket stays open in the list of connections.

fails: 04.3
says: the server did not close alice's connection
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
connections = []


def system(text):
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    try:
        while (msg := recv_json(conn, buffer)) is not None:  # <--
            match msg:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()
                    send_json(conn, system(f"welcome, {nick}"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send_json(conn, {"type": "chat", "user": nick, "text": text})
                case {"type": "leave"}:
                    return
                case _:
                    send_json(conn, system("refused"))
    except (OSError, ValueError) as e:
        print(addr, e)
    connections.remove(conn)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            connections.append(conn)
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

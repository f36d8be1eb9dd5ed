"""Closes the socket but not the file made from it, which the dict still holds: nothing is closed.

fails: 04.3 01.3 02.3 03.3 03.4 03.5
says: the server did not close alice's connection
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
LIMIT = 65536
files = {}


def handle_client(conn, addr):
    files[addr] = reader = conn.makefile("rb")
    nick = None

    def send(**obj):
        conn.sendall(json.dumps(obj).encode() + b"\n")

    try:
        while (line := reader.readline(LIMIT + 1)).endswith(b"\n") and len(line) <= LIMIT:  # <--
            match json.loads(line.decode()):
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()
                    send(type="system", text=f"welcome, {nick}")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send(type="chat", user=nick, text=text)
                case {"type": "leave"}:
                    break
                case dict():
                    send(type="system", text="refused")
                case _:
                    break
    except (OSError, ValueError) as e:
        print(addr, e)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Reads lines with makefile and readline() without a limit, which the utils of lesson 03 had.

fails: 03.3
says: mallory got
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    nick = None

    def send(kind, text, **more):
        conn.sendall(json.dumps({"type": kind, "text": text, **more}).encode() + b"\n")

    with conn, conn.makefile("rb") as lines:
        try:
            for line in lines:  # <--
                if not line.endswith(b"\n"):
                    break
                match json.loads(line.decode()):
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = user.strip()
                        send("system", f"welcome, {nick}")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send("chat", text, user=nick)
                    case {"type": "leave"}:
                        break
                    case dict():
                        send("system", "refused")
                    case _:
                        break
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

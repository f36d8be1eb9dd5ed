"""Takes the type with [], and a message without one ends the connection.

fails: 04.4
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    try:
        while True:
            msg = recv_json(conn, buffer)
            if msg is None or msg["type"] == "leave":
                break
            user, text = msg.get("user"), msg.get("text")
            if nick is None and msg["type"] == "join" and isinstance(user, str) and 0 < len(user.strip()) < 33:
                nick = user.strip()
                send_json(conn, {"type": "system", "text": f"welcome, {nick}"})
            elif nick is not None and msg["type"] == "chat" and isinstance(text, str):
                send_json(conn, {"type": "chat", "user": nick, "text": text})
            else:
                send_json(conn, {"type": "system", "text": "refused"})
    except (OSError, ValueError, KeyError) as e:
        print(addr, repr(e))
    finally:
        conn.close()  # <--


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

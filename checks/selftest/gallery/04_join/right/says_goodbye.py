"""Says goodbye in a system message before it closes, after a leave and after a bad line."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(conn, text):
    send_json(conn, {"type": "system", "text": text})


def serve(conn):
    nick = None
    buffer = bytearray()
    while (msg := recv_json(conn, buffer)) is not None:
        match msg:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                system(conn, f"welcome, {nick}")
            case {"type": "chat", "text": str(text)} if nick is not None:
                send_json(conn, {"type": "chat", "user": nick, "text": text})
            case {"type": "leave"}:
                system(conn, f"goodbye, {nick or 'stranger'}")
                break
            case _:
                system(conn, "please join once, then chat, then leave")


def handle_client(conn, addr):
    with conn:
        try:
            try:
                serve(conn)
            except ValueError as e:
                system(conn, f"that was no message: {e}")
        except OSError as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""A second thread per client writes what a queue gives it; it ends with the client."""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def write(conn, outbox):
    while (obj := outbox.get()) is not None:
        try:
            send_json(conn, obj)
        except OSError:
            pass  # gone; what is left is taken out all the same
    conn.close()


def handle_client(conn, addr):
    outbox = queue.Queue(maxsize=100)
    threading.Thread(target=write, args=(conn, outbox), daemon=True).start()
    nick = None
    buffer = bytearray()
    try:
        while (msg := recv_json(conn, buffer)) is not None:
            match msg:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()
                    outbox.put({"type": "system", "text": f"welcome, {nick}"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    outbox.put({"type": "chat", "user": nick, "text": text})
                case {"type": "leave"}:
                    break
                case _:
                    outbox.put({"type": "system", "text": "refused"})
    except (OSError, ValueError) as e:
        print(addr, e)
    finally:
        outbox.put(None)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

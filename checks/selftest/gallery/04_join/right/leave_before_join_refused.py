"""Refuses a leave as it refuses every first message that is not a join, and stays connected."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    """A client's thread: from join to leave, then close."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                kind = obj.get("type")
                user = obj.get("user")
                text = obj.get("text")
                if kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    nick = user.strip()
                    send_json(conn, system(f"welcome, {nick}"))
                elif kind == "chat" and nick is not None and isinstance(text, str):
                    send_json(conn, {"type": "chat", "user": nick, "text": text})
                elif kind == "leave" and nick:
                    break
                else:
                    send_json(conn, system("I do not understand you"))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            # daemon: on Ctrl-C the process ends without waiting for its clients
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

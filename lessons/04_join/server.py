"""Lesson 04: who is talking. A client joins with a nick before it may chat."""

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
                # TODO 1: a join with a good nick is answered by a system message with it.
                # TODO 2: a chat comes back with the nick in "user"; a leave ends the loop.
                # TODO 3: anything else is refused by a system message, and the loop goes on.
                send_json(conn, obj)
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

"""Lesson 03: an echo server for messages."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    """Send each message back until the client has gone, then close."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                send_json(conn, obj)
        # TODO 4: for what is no message, too, one line is printed instead of a traceback.
        except OSError as error:  # this client broke off; the others go on
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

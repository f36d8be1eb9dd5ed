"""Searches the newline where it has not looked yet, and does not begin anew behind a message.

fails: 03.1
says: no message came to alice
"""
import socket
from threading import Thread
from utils import messages, send_json
HOST, PORT = "127.0.0.1", 9090


def handle(conn):
    try:
        for m in messages(conn):  # <--
            send_json(conn, m)
    except (OSError, ValueError, RecursionError) as e:
        print(type(e).__name__, e)
    finally:
        conn.close()


def main():
    s = socket.create_server((HOST, PORT))
    while True:
        c, a = s.accept()
        Thread(target=handle, args=(c,), daemon=True).start()


if __name__ == "__main__":
    main()

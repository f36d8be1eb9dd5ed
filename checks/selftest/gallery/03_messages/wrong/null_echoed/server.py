"""Lets null through, as nothing said, and echoes it.

fails: 03.4
says: mallory got a line that is not a JSON object
"""

import socket
import threading

from utils import Gone, recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    buffer = bytearray()
    try:
        while True:
            send_json(conn, recv_json(conn, buffer))  # <--
    except Gone:
        print(addr, "has gone")
    except (OSError, ValueError) as e:
        print(addr, e)
    finally:
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

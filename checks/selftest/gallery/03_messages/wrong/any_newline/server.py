"""Kind to Windows and old Macs: a carriage return alone ends a line, too.

fails: 03.1
says: the server closed alice's connection
Only \\n ends a message, \\r is white space to JSON: one that is sent as ...}\\r\\n a byte at a time
is answered at the \\r, and then the \\n is taken for an empty line.
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:  # <--
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                send_json(conn, obj)
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

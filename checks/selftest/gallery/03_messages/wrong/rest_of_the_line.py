"""Messages by JSONDecoder.raw_decode(), which says where the object ends; what follows on the line interests nobody.

fails: 03.4
says: mallory got
"""
from json import JSONDecoder, JSONEncoder

import socket
import threading

HOST, PORT = "127.0.0.1", 9090

MAX_LINE = 65_536
decode = JSONDecoder().raw_decode
encode = JSONEncoder().encode


def receive(conn, buffer):
    while (end := buffer.find(b"\n")) < 0:
        if len(buffer) >= MAX_LINE or not (data := conn.recv(4096)):
            return None
        buffer.extend(data)
    line = buffer[:end].decode()
    del buffer[: end + 1]
    if end >= MAX_LINE:
        return None
    obj, _ = decode(line.lstrip())
    return obj if isinstance(obj, dict) else None


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (obj := receive(conn, buffer)) is not None:
                conn.sendall((encode(obj) + "\n").encode())  # <--
        except (OSError, ValueError, RecursionError) as error:
            print(f"{addr}: {error}")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}", flush=True)
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Measures the line in characters, so that a Russian line of twice the limit is served.

fails: 03.3
says: mallory got
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_CHARS = 65536


def read_line(conn, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= 4 * MAX_CHARS:  # UTF-8: up to four bytes each
            raise ValueError("line too long")
        data = conn.recv(4096)
        if not data:
            return None
        buffer += data
    line, _, rest = buffer.partition(b"\n")
    buffer[:] = rest
    text = line.decode() + "\n"
    if len(text) > MAX_CHARS:
        raise ValueError("line too long")
    return text


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        try:
            while (line := read_line(conn, buffer)) is not None:
                obj = json.loads(line)
                if not isinstance(obj, dict):
                    break
                conn.sendall(json.dumps(obj).encode() + b"\n")  # <--
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

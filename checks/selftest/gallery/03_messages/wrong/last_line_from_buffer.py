"""Serves what is left in the buffer at the end of the stream.

fails: 03.5
says: alice got
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def serve_line(conn, line):
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    conn.sendall(json.dumps(obj).encode() + b"\n")


def handle_client(conn, addr):
    buffer = b""
    with conn:
        try:
            while data := conn.recv(4096):
                buffer += data
                while b"\n" in buffer:
                    line, buffer = buffer.split(b"\n", 1)
                    serve_line(conn, line)
                if len(buffer) >= MAX_LINE:
                    raise ValueError("line too long")
            if buffer:
                serve_line(conn, buffer)  # <--
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

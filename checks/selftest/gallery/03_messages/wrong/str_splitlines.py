"""Cuts decoded text with str.splitlines(), which also cuts at U+2028, U+0085 and others.

fails: 03.2
says: the server closed alice's connection
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def handle_client(conn, addr):
    buffer = b""
    with conn:  # <--
        try:
            while True:
                data = conn.recv(4096)
                if not data:
                    break
                buffer += data
                ready, newline, buffer = buffer.rpartition(b"\n")
                if len(buffer) >= MAX_LINE or any(len(l) >= MAX_LINE for l in ready.split(b"\n")):
                    break
                for line in (ready + newline).decode().splitlines():
                    obj = json.loads(line)
                    if not isinstance(obj, dict):
                        return
                    conn.sendall(json.dumps(obj, ensure_ascii=False).encode() + b"\n")
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

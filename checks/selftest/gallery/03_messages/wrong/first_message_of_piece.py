"""Serves only the first message of a piece and throws the others away.

fails: 03.1 01.2 03.3
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65536


def handle_client(conn, addr):
    with conn:  # <--
        buffer = b""
        try:
            while True:
                data = conn.recv(8192)
                if not data:
                    return
                buffer += data
                if b"\n" not in buffer:
                    if len(buffer) >= MAX:
                        return
                    continue
                line = buffer.split(b"\n")[0]
                buffer = b""
                if len(line) >= MAX:
                    return
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    return
                conn.sendall(json.dumps(obj).encode() + b"\n")
        except (OSError, ValueError) as e:
            print(e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

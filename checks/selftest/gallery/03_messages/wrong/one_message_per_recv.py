"""Takes one message after each recv, so that the second of a piece waits for more to arrive.

fails: 03.1 03.3 03.4
says: no message came to alice
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def handle_client(conn, addr):
    buffer = bytearray()
    with conn:
        try:
            while True:
                data = conn.recv(65536)  # <--
                if not data:
                    break
                buffer += data
                if b"\n" in buffer:
                    line, _, buffer = buffer.partition(b"\n")
                    if len(line) >= MAX_LINE:
                        raise ValueError("too long")
                    obj = json.loads(line.decode())
                    if not isinstance(obj, dict):
                        raise ValueError("not an object")
                    conn.sendall(json.dumps(obj).encode() + b"\n")
                elif len(buffer) >= MAX_LINE:
                    raise ValueError("too long")
        except (OSError, ValueError) as e:
            print(f"{addr[1]}: {e}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

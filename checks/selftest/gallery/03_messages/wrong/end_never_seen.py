"""Takes an empty recv for nothing yet and asks again, for ever.

fails: 03.5 01.3
says: the server did not close alice's connection
"""

import json
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def handle_client(conn, addr):
    buffer = b""
    with conn:
        try:
            while True:
                data = conn.recv(4096)
                if not data:
                    time.sleep(0.05)  # <--
                    continue
                buffer += data
                while b"\n" in buffer:
                    line, buffer = buffer.split(b"\n", 1)
                    obj = json.loads(line.decode())
                    if len(line) >= MAX_LINE or not isinstance(obj, dict):
                        return
                    conn.sendall(json.dumps(obj).encode() + b"\n")
                if len(buffer) >= MAX_LINE:
                    return
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Serves the last line although its newline never came, as readline() gives it out too.

fails: 03.5
says: alice got
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def handle_client(conn, addr):
    with conn, conn.makefile("rb") as reader:
        try:
            while line := reader.readline(MAX_LINE + 1):  # <--
                if len(line) > MAX_LINE:
                    break
                obj = json.loads(line.decode())
                if not isinstance(obj, dict):
                    break
                conn.sendall(json.dumps(obj).encode() + b"\n")
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

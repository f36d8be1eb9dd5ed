"""Messages by the batch: all whole lines that are there are read first and answered then, so a bad one takes the good ones along.

fails: 03.4
says: the server closed alice's connection after JSONDecodeError
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


def parse(line):
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("no object")
    return obj


def handle_client(conn, addr):
    rest = b""
    with conn:
        try:
            while data := conn.recv(4096):
                *lines, rest = (rest + data).split(b"\n")
                batch = [parse(line) for line in lines]  # <--
                if len(rest) >= MAX_LINE:
                    raise ValueError("line too long")
                for obj in batch:
                    conn.sendall(json.dumps(obj).encode() + b"\n")
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

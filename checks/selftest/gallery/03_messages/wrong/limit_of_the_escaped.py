"""Messages whose limit is asked of what is sent, escaped, and not of what has come: 20,000 letters e with accent are too long.

fails: 03.3
says: the server closed alice's connection after ValueError
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


def send(conn, obj):
    line = json.dumps(obj).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ValueError("message too long")  # <--
    conn.sendall(line)


def receive(rfile):
    line = rfile.readline(MAX_LINE + 1)
    if not line.endswith(b"\n"):
        if len(line) > MAX_LINE:
            raise ValueError("line too long")
        return None
    if len(line) > MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(str(line, "utf-8"))
    if type(obj) is not dict:
        raise ValueError("no object")
    return obj


def handle_client(conn, addr):
    with conn, conn.makefile("rb") as rfile:
        try:
            while (obj := receive(rfile)) is not None:
                send(conn, obj)
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

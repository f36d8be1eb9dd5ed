"""What is left at the end of the stream is parsed outside the try; the thread dies and the close is skipped.

fails: 03.5
says: the server did not close alice's connection
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536
clients = {}


def parse(line):
    if len(line) >= MAX_LINE:
        raise ValueError("line too long")
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj


def handle_client(conn, addr):
    buffer = b""
    try:
        while data := conn.recv(4096):
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                conn.sendall(json.dumps(parse(line)).encode() + b"\n")
            if len(buffer) >= MAX_LINE:
                raise ValueError("line too long")
    except (OSError, ValueError) as e:
        print(e)
        buffer = b""
    if buffer:
        print("unfinished:", parse(buffer))  # <--
    conn.close()
    del clients[addr]


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            clients[addr] = conn
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

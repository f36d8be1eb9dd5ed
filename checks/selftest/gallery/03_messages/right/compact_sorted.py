"""Compact JSON with sorted keys and unescaped letters."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090


def dump(obj):
    return json.dumps(obj, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def handle_client(conn, addr):
    with conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = bytearray()
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                conn.sendall(f"{dump(obj)}\n".encode())
        except (OSError, ValueError) as e:
            print(addr, e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""One recv is taken for one message.

fails: 03.1 03.3 03.4 03.5
says: the server closed alice's connection
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):  # <--
                obj = json.loads(data.decode())
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

"""One buffered file for reading and writing, flushed after each message."""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 64 * 1024


def handle_client(conn):
    with conn:
        try:
            with conn.makefile("rwb") as stream:
                while True:
                    line = stream.readline(MAX_LINE + 1)
                    if line[-1:] != b"\n" or len(line) > MAX_LINE:
                        break
                    obj = json.loads(line.decode("utf-8"))
                    if not isinstance(obj, dict):
                        break
                    stream.write(json.dumps(obj).encode("ascii"))
                    stream.write(b"\n")
                    stream.flush()
        except (OSError, ValueError) as e:
            print("closing:", e)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=[conn], daemon=True).start()


if __name__ == "__main__":
    main()

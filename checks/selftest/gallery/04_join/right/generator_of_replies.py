"""A generator takes the messages and gives out the replies."""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536


def messages(conn):
    rest = b""
    while data := conn.recv(3000):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if len(line) >= MAX_LINE:
                raise ValueError("line too long")
            obj = json.loads(line.decode())
            if not isinstance(obj, dict):
                raise ValueError("not an object")
            yield obj
        if len(rest) >= MAX_LINE:
            raise ValueError("line too long")


def replies(incoming):
    nick = None
    for msg in incoming:
        match msg:
            case {"type": "leave"}:
                return
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                yield {"type": "system", "text": f"{nick}, welcome"}
            case {"type": "chat", "text": str(text)} if nick is not None:
                yield {"type": "chat", "user": nick, "text": text}
            case _:
                yield {"type": "system", "text": "no"}


def handle_client(conn, addr):
    try:
        for reply in replies(messages(conn)):
            conn.sendall(f"{json.dumps(reply)}\n".encode())
    except (OSError, ValueError) as e:
        print(addr, e)
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""When a refused client goes, the entry of the member whose nick it wanted goes with it.

fails: 07.1
says: did not come to bob
"""

import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX = 65_536

writers = {}  # nick -> file to write to
lock = threading.Lock()


def put(file, message):
    file.write(json.dumps(message).encode() + b"\n")
    file.flush()


def system(text):
    return {"type": "system", "text": text}


def get(file):
    line = file.readline(MAX + 1)  # <--
    if len(line) > MAX or not line.endswith(b"\n"):
        raise EOFError
    message = json.loads(line.decode())
    if type(message) is not dict or message.get("type") == "leave":
        raise EOFError
    return message


def send_all(message, but=None):
    with lock:
        files = [file for nick, file in writers.items() if nick != but]
    for file in files:
        try:
            put(file, message)
        except (OSError, ValueError):  # broken, or closed already
            pass


def conversation(reader, writer):
    nick = name = None
    try:
        while True:
            message = get(reader)
            match message:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    name = user.strip()
                    with lock:
                        free = name not in writers
                        if free:
                            writers[name] = writer
                    if free:
                        nick = name
                        send_all(system(f"{nick} sits down"))
                    else:
                        put(writer, system(f"the place of {name} is taken"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case _:
                    put(writer, system("I beg your pardon?"))
    finally:
        if name is not None:
            with lock:
                writers.pop(name, None)
            send_all(system(f"{name} gets up"))


def client(conn):
    try:
        with conn, conn.makefile("rb") as reader, conn.makefile("wb") as writer:
            conversation(reader, writer)
    except (OSError, ValueError, EOFError):
        pass


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

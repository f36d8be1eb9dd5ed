"""Refuses a taken nick and goes on with the next message, past the release().

fails: 07.4 07.1 07.3
says: no system message with 'newcomer' in it came to newcomer
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
    line = file.readline(MAX + 1)
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
    nick = None
    try:
        while True:
            message = get(reader)
            match message:
                case {"type": "join", "user": str(name)} if nick is None and 1 <= len(name.strip()) <= 32:
                    name = name.strip()
                    lock.acquire()  # <--
                    if name in writers:
                        put(writer, system(f"the place of {name} is taken"))
                        continue  # <--
                    writers[nick := name] = writer
                    lock.release()
                    send_all(system(f"{nick} sits down"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case _:
                    put(writer, system("I beg your pardon?"))
    finally:
        if nick is not None:
            with lock:
                del writers[nick]
            send_all(system(f"{nick} gets up"))


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

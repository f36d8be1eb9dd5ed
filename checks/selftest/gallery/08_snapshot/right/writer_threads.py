"""A queue and a writer thread for each client; what is said is put into all queues under the lock, which never blocks."""

import json
import queue
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

outboxes = {}  # nick -> queue
lock = threading.Lock()


def writer(conn, outbox):
    while (obj := outbox.get()) is not None:
        try:
            conn.sendall(json.dumps(obj).encode() + b"\n")
        except OSError:
            break


def system(text):
    return {"type": "system", "text": text}


def put_to_all(obj, but=None):
    with lock:
        for nick, outbox in outboxes.items():
            if nick != but:
                outbox.put_nowait(obj)


def join(nick, outbox):
    with lock:
        if nick in outboxes:
            return False
        outboxes[nick] = outbox
        for other in outboxes.values():
            other.put(system(f"{nick} is there"))
        return True


def converse(conn, outbox):
    buffer, nick = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "leave"}:
                    break
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if join(user.strip(), outbox):
                        nick = user.strip()
                    else:
                        outbox.put(system(f"{user.strip()} is there already"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    put_to_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case _:
                    outbox.put(system("no such thing"))
    except (OSError, ValueError, RecursionError) as error:
        print(repr(error))
    finally:
        if nick is not None:
            with lock:
                del outboxes[nick]
            put_to_all(system(f"{nick} is not there any more"))


def handle_client(conn):
    outbox = queue.Queue()
    thread = threading.Thread(target=writer, args=(conn, outbox), daemon=True)
    thread.start()
    try:
        converse(conn, outbox)
    finally:
        outbox.put(None)
        thread.join()
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

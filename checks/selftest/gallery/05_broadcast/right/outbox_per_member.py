"""Each client has an outbox and a writer thread, so that no thread ever sends for another."""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

outboxes = {}  # member's connection -> queue
lock = threading.Lock()
END = object()


def writer(conn, outbox):
    while (obj := outbox.get()) is not END:
        try:
            send_json(conn, obj)
        except ValueError:  # a lone surrogate, say
            continue
        except OSError:
            break


def put_all(obj, but=None):
    with lock:  # puts never block: one order for all
        for conn, outbox in outboxes.items():
            if conn is not but:
                outbox.put(obj)


def system(text):
    return {"type": "system", "text": text}


def converse(conn, outbox):
    buffer, nick = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            kind = obj.get("type")
            if kind == "leave":
                break
            if kind == "join" and nick is None and isinstance(obj.get("user"), str) and 1 <= len(obj["user"].strip()) <= 32:
                nick = obj["user"].strip()
                with lock:
                    outboxes[conn] = outbox
                put_all(system(f"{nick} dropped in"))
            elif kind == "chat" and nick is not None and isinstance(obj.get("text"), str):
                put_all({"type": "chat", "user": nick, "text": obj["text"]}, but=conn)
            else:
                outbox.put(system("sorry?"))
    finally:
        with lock:
            outboxes.pop(conn, None)
        if nick is not None:
            put_all(system(f"{nick} dropped out"))


def handle_client(conn):
    outbox = queue.SimpleQueue()
    thread = threading.Thread(target=writer, args=(conn, outbox), daemon=True)
    thread.start()
    with conn:
        try:
            converse(conn, outbox)
        except (OSError, ValueError, RecursionError):
            pass
        finally:
            outbox.put(END)
            thread.join(1)  # what was said to this client still goes out
            try:
                conn.shutdown(socket.SHUT_RDWR)  # the writer may be stuck in a send
            except OSError:
                pass
            thread.join()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

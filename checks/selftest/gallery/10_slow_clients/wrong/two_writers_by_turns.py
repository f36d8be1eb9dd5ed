"""Two writers empty one queue, and a lock lets one of them send at a time: so nothing mixes, but the order breaks.

fails: 10.4 10.1 10.2
says: out of order
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
MAX_WAITING = 400  # messages

clients = {}
queues = {}
lock = threading.Lock()


def kick(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def offer(conn, q, data):
    try:
        q.put_nowait(data)
    except queue.Full:
        kick(conn)


def say(text):
    return encode({"type": "system", "text": text})


def to_all(data, but=None):
    with lock:
        for conn in clients:
            if conn is not but:
                offer(conn, queues[conn], data)


def writer(conn, q, turn):
    while True:
        data = q.get()
        if data is None:
            break
        try:
            with turn:  # <--
                conn.sendall(data)  # <--
        except OSError:
            kick(conn)


def stop_writer(conn, q, thread):
    try:
        q.put(None, timeout=0.5)
        thread.join(1.0)
        kick(conn)
    except queue.Full:
        kick(conn)
        q.put(None)
    thread.join()


def handle_client(conn, addr):
    q = queue.Queue(MAX_WAITING)
    turn = threading.Lock()
    threads = [threading.Thread(target=writer, args=(conn, q, turn), daemon=True) for _ in range(2)]
    for t in threads:
        t.start()
    with lock:
        queues[conn] = q
    nick = None
    buffer = bytearray()
    try:
        while True:
            msg = recv_json(conn, buffer)
            if msg is None or msg.get("type") == "leave":
                break
            kind = msg.get("type")
            if kind == "join" and nick is None and isinstance(msg.get("user"), str) and 0 < len(msg["user"].strip()) <= 32:
                name = msg["user"].strip()
                with lock:
                    free = name not in clients.values()
                    if free:
                        clients[conn] = name
                if free:
                    nick = name
                    to_all(say(f"{name} joined"))
                else:
                    offer(conn, q, say(f"{name} is in use"))
            elif kind == "chat" and nick is not None and isinstance(msg.get("text"), str):
                to_all(encode({"type": "chat", "user": nick, "text": msg["text"]}), conn)
            else:
                offer(conn, q, say("I do not understand"))
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            clients.pop(conn, None)
            del queues[conn]
        if nick is not None:
            to_all(say(f"{nick} left"))
        for t in threads:
            q.put(None)
        for t in threads:
            t.join(0.5)
        kick(conn)
        for t in threads:
            t.join()
        conn.close()


def main():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, PORT))
    server.listen(128)
    while True:
        conn, addr = server.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

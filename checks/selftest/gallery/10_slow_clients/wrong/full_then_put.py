"""Looks whether a queue is full, and if not, puts something in: no lock is held between these two.

fails: 10.1
says: did not come to carol
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
TOO_MANY = 100

members = {}  # name -> [socket, queue]
members_lock = threading.Lock()


def writer(sock, box):
    while True:
        message = box.get()
        if message is None:
            return
        try:
            sock.sendall(encode(message))
        except OSError:
            kick(sock)


def kick(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def send_all(message, but=None):
    with members_lock:
        others = [entry for name, entry in members.items() if name != but]
    for sock, box in others:
        put(sock, box, message)


def put(sock, box, message):
    if box.full():
        kick(sock)
    else:
        box.put(message)  # <--


def says_no(sock, box, why):
    put(sock, box, {"type": "system", "text": why})


def serve(sock):
    box = queue.Queue(TOO_MANY)
    thread = threading.Thread(target=writer, args=(sock, box), daemon=True)
    thread.start()
    name, buffer = None, bytearray()
    try:
        while True:
            message = recv_json(sock, buffer)
            if message is None or message.get("type") == "leave":
                break
            kind = message.get("type")
            if kind == "join" and name is None:
                user = message.get("user")
                if not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
                    says_no(sock, box, "bad name")
                    continue
                user = user.strip()
                with members_lock:
                    free = user not in members
                    if free:
                        members[user] = [sock, box]
                if free:
                    name = user
                    send_all({"type": "system", "text": name + " joined"})
                else:
                    says_no(sock, box, "somebody has that name")
            elif kind == "chat" and name is not None and isinstance(message.get("text"), str):
                send_all({"type": "chat", "user": name, "text": message["text"]}, but=name)
            else:
                says_no(sock, box, "not now")
    except (OSError, ValueError):
        pass
    finally:
        if name is not None:
            with members_lock:
                del members[name]
            send_all({"type": "system", "text": name + " left"})
        box.put(None)
        thread.join(0.5)
        kick(sock)
        thread.join()
        sock.close()


def main():
    server = socket.create_server((HOST, PORT))
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()

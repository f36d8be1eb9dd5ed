"""A queue without a bound for each client; send_all() alone looks how long it has become.

fails: 10.2
says: refused
"""

import queue
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
TOO_MANY = 500

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
        for name, (sock, box) in members.items():
            if name == but:
                continue
            if box.qsize() >= TOO_MANY:
                kick(sock)
            else:
                box.put(message)


def says_no(box, why):
    box.put({"type": "system", "text": why})  # <--


def serve(sock):
    box = queue.Queue()
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
                    says_no(box, "bad name")
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
                    says_no(box, "somebody has that name")
            elif kind == "chat" and name is not None and isinstance(message.get("text"), str):
                send_all({"type": "chat", "user": name, "text": message["text"]}, but=name)
            else:
                says_no(box, "not now")  # <--
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

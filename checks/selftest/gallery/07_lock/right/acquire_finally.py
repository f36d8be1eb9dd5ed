"""acquire, try, finally, release by hand; the members are a list of tuples; everything is sent under the lock."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = []  # (connection, nick)
members_lock = threading.Lock()


def tell_all(message, but=None):
    """The caller holds the lock."""
    for conn, _ in members:
        if conn is not but:
            try:
                send_json(conn, message)
            except OSError:
                print("a member does not answer")


def try_to_join(conn, nick):
    members_lock.acquire()
    try:
        for _, other in members:
            if other == nick:
                return False
        members.append((conn, nick))
        tell_all({"type": "system", "text": "hello " + nick})
        return True
    finally:
        members_lock.release()


def say(conn, nick, text):
    members_lock.acquire()
    try:
        tell_all({"type": "chat", "user": nick, "text": text}, but=conn)
    finally:
        members_lock.release()


def remove(conn):
    members_lock.acquire()
    try:
        for i in range(len(members)):
            if members[i][0] is conn:
                nick = members[i][1]
                del members[i]
                tell_all({"type": "system", "text": "goodbye " + nick})
                break
    finally:
        members_lock.release()


def client_thread(conn):
    buffer = bytearray()
    nick = None
    try:
        while True:
            message = recv_json(conn, buffer)
            if message is None or message.get("type") == "leave":
                break
            kind, user, text = message.get("type"), message.get("user"), message.get("text")
            if kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                if try_to_join(conn, user.strip()):
                    nick = user.strip()
                else:
                    send_json(conn, {"type": "system", "text": f"the nick {user.strip()} is taken, try another one"})
            elif kind == "chat" and nick is not None and isinstance(text, str):
                say(conn, nick, text)
            else:
                send_json(conn, {"type": "system", "text": "error"})
    except Exception as e:
        print("error:", e)
    finally:
        try:
            remove(conn)
        finally:
            conn.close()


listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((HOST, PORT))
listener.listen(100)
print("started")
while True:
    connection, address = listener.accept()
    thread = threading.Thread(target=client_thread, args=(connection,))
    thread.daemon = True
    thread.start()

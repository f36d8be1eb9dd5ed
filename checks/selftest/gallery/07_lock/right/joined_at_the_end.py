"""Threads that are not daemons; on Ctrl-C all are joined, and then main looks at the members without the lock."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # nick -> connection
lock = threading.Lock()
open_connections = set()  # of members and of others; another matter, so another lock
open_lock = threading.Lock()


def send_all(obj, but=None):
    with lock:
        for nick, conn in clients.items():
            if nick != but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def converse(conn):
    """Return the nick at the end, if there is one."""
    buffer, nick = bytearray(), None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    with lock:
                        if user.strip() not in clients:
                            nick = user.strip()
                            clients[nick] = conn
                    if nick is None:
                        send_json(conn, {"type": "system", "text": f"{user.strip()} is not free"})
                    else:
                        send_all({"type": "system", "text": f"{nick} arrives"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    send_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(conn, {"type": "system", "text": "impossible"})
    except (OSError, ValueError) as error:
        print(nick, error)
    finally:
        if nick is not None:
            with lock:
                del clients[nick]
            send_all({"type": "system", "text": f"{nick} departs"})


def handle_client(conn):
    try:
        converse(conn)
    finally:
        with open_lock:
            open_connections.remove(conn)
        conn.close()


def main():
    threads = []
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                conn, _ = listener.accept()
                for thread in [thread for thread in threads if not thread.is_alive()]:
                    thread.join()
                    threads.remove(thread)
                thread = threading.Thread(target=handle_client, args=(conn,))
                with open_lock:
                    open_connections.add(conn)
                thread.start()
                threads.append(thread)
        except KeyboardInterrupt:
            with open_lock:
                for conn in open_connections:
                    try:
                        conn.shutdown(socket.SHUT_RDWR)  # wakes its recv, and a send that is stuck
                    except OSError:
                        pass
            for thread in threads:
                thread.join()
    print("members left over:", len(clients))  # no other thread is there any more


if __name__ == "__main__":
    main()

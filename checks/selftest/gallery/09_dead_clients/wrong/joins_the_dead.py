"""To be sure that the thread of a dead member has ended, its finder joins it; two who find each other dead wait for each other for ever.
fails: 09.3
says: no system message with 'dan' in it came to alice
And a finder waits as long as the dead one's thread is stuck in a send to somebody else: "a send that fails takes nothing from the others".
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


threads = {}  # connection -> its thread; guarded by lock


def deliver(conns, obj):
    dead = []
    for conn in conns:
        try:
            send_json(conn, obj)
        except OSError:
            dead.append(conn)
    return dead


def broadcast(sender, obj, include_sender=False):
    with lock:
        if sender not in clients:
            return
        threads[sender] = threading.current_thread()
        snapshot = [conn for conn in clients if include_sender or conn is not sender]
    remove(deliver(snapshot, obj))


def remove(dead):
    while dead:
        conn = dead.pop()
        with lock:
            nick = clients.pop(conn, None)
            thread = threads.pop(conn, None)
            snapshot = list(clients)
        if nick is None:
            continue
        try:
            conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if thread is not None and thread is not threading.current_thread():
            thread.join()  # <--
        dead += deliver(snapshot, system(f"{nick} has left"))


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        with lock:
                            if wanted not in clients.values():
                                nick = clients[conn] = wanted
                        if nick is None:
                            send_json(conn, system(f"{wanted} is taken"))
                        else:
                            broadcast(conn, system(f"{nick} has joined"), True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            remove([conn])


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

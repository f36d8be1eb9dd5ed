"""The announcement says from which machine somebody comes; the name is asked of the name server (it may take seconds) under the lock.

fails: 08.1
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # connection -> (nick, machine)
lock = threading.Lock()


def system(text):
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    with lock:
        snapshot = [conn for conn in clients if conn is not sender_conn or include_sender]
    for conn in snapshot:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def enter(conn, addr, wanted):
    """Take the nick, if it is free; return the machine's name."""
    with lock:
        if any(nick == wanted for nick, _ in clients.values()):
            return None
        try:
            machine = socket.gethostbyaddr(addr[0])[0]  # <--
        except OSError:
            machine = addr[0]
        clients[conn] = (wanted, machine)
        return machine


def handle_client(conn, addr):
    with conn:
        buffer, nick = bytearray(), None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        wanted = user.strip()
                        machine = enter(conn, addr, wanted)
                        if machine is None:
                            send_json(conn, system(f"{wanted} is taken"))
                        else:
                            nick = wanted
                            broadcast(conn, system(f"{nick} has joined from {machine}"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("refused"))
        except (OSError, ValueError) as error:
            print(addr, error)
        finally:
            with lock:
                was_member = clients.pop(conn, None) is not None
            if was_member:
                broadcast(conn, system(f"{nick} has left"))


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()

"""A broadcast that sends long texts from a thread of their own, so that they keep nobody waiting: short ones overtake them.

fails: 05.5
says: bob heard something else first
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    return {"type": "system", "text": text}


clients = {}  # connection -> nick


def deliver(targets, obj):
    for conn in targets:
        try:
            send_json(conn, obj)  # <--
        except OSError:
            pass


def broadcast(sender_conn, obj, include_sender=False):
    targets = [conn for conn in clients.copy() if include_sender or conn is not sender_conn]
    if len(obj["text"]) > 1000:
        threading.Thread(target=deliver, args=(targets, obj), daemon=True).start()
    else:
        deliver(targets, obj)


def handle_client(conn, addr):
    """A client's thread: from join to clean-up."""
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, system(f"{nick} has joined"), include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("join first, once; then chat"))
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                broadcast(conn, system(f"{nick} has left"))


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}", flush=True)
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Against cross-site scripting the text is escaped: "a < b" is heard as "a &lt; b".

fails: 05.2
says: bob heard something else first
NICK said TEXT: the others are to hear what was said.
"""
import html
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}


def clean(value):
    """Never trust what a client sends."""
    return html.escape(value, quote=False)


def broadcast(sender_conn, obj, include_sender=False):
    for conn in list(clients):
        if conn is not sender_conn or include_sender:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                pass


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        broadcast(conn, {"type": "system", "text": f"{nick} has joined"}, include_sender=True)
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": clean(text)})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                broadcast(conn, {"type": "system", "text": f"{nick} has left"})


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

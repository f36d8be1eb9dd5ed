"""The announcement has repr(nick): a nick with a backslash, or with both quotes, is not in its text.

fails: 04.1
says: no system message with 'the 
A system message about a member contains the member's nick: back\\slash is announced as back\\\\slash.
"""
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}


def broadcast(sender_conn, obj, include_sender=False):
    for conn in list(clients):
        if conn is not sender_conn or include_sender:
            try:
                send_json(conn, obj)  # <--
            except OSError:
                pass


def announce(conn, nick, what):
    text = "user %r %s" % (nick, what)
    print(text)
    broadcast(conn, {"type": "system", "text": text}, include_sender=True)


def handle_client(conn, addr):
    with conn:
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = clients[conn] = user.strip()
                        announce(conn, nick, "has joined")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, {"type": "system", "text": "refused"})
        except (OSError, ValueError) as error:
            print(f"{addr}: {error}")
        finally:
            if clients.pop(conn, None) is not None:
                announce(conn, nick, "has left")


def main():
    with socket.create_server((HOST, PORT), backlog=100) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

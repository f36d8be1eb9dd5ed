"""To join again under the same nick is taken for no fault.

fails: 05.6
says: bob got the system message 'alice has joined'
A second join must be refused, to that client alone; here all members hear a second announcement.
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

clients = {}  # the members: connection -> nick


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def broadcast(sender_conn, obj, include_sender=False):
    """Send obj to every member, to the sender only if asked."""
    for conn in list(clients):  # a copy: members come and go meanwhile
        if conn is not sender_conn or include_sender:
            try:
                send_json(conn, obj)
            except OSError:  # going, too: its own thread will notice
                pass


def handle_client(conn, addr):
    """A client's thread: from join to clean-up."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                match obj:
                    case {"type": "join", "user": str(user)} if 1 <= len(user.strip()) <= 32 and nick in (None, user.strip()):
                        nick = clients[conn] = user.strip()
                        broadcast(conn, system(f"{nick} has joined"), include_sender=True)  # <--
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        broadcast(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:  # the client may try again
                        send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")
        finally:  # left, has gone or broke off: one way out for all of them
            if clients.pop(conn, None) is not None:
                broadcast(conn, system(f"{nick} has left"))


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}")
        while True:
            conn, addr = listener.accept()
            # daemon: on Ctrl-C the process ends without waiting for its clients
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

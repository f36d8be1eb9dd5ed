"""A nick is tidied: no blanks around it and single ones inside.

fails: 04.1
says: no system message with 'bob  the builder' in it came to alice
The stripped form is the nick; two blanks inside it are a part of it and are lost here (also in a chat's user, 04.2).
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def handle_client(conn, addr):
    """A client's thread: from join to leave, then close."""
    with conn:  # closes the connection, whatever happens inside
        buffer = bytearray()
        nick = None
        try:
            while (obj := recv_json(conn, buffer)) is not None:  # {} is a message too
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        nick = " ".join(user.split())  # <--
                        send_json(conn, system(f"welcome, {nick}"))
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        send_json(conn, {"type": "chat", "user": nick, "text": text})
                    case {"type": "leave"}:
                        break
                    case _:  # the client may try again
                        send_json(conn, system("join first, once, with a nick of 1 to 32 characters; then chat"))
        except (OSError, ValueError) as error:  # broke off, or sent no message
            print(f"{addr}: {error}")


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

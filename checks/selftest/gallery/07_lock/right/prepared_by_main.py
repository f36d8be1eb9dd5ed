"""main makes the store and tries it out without the lock, while there is no other thread yet."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

members = None
lock = threading.Lock()


def prepare():
    global members
    members = {}
    members["somebody"] = None
    assert list(members) == ["somebody"]
    members.pop("somebody")
    assert len(members) == 0


def system(text):
    return {"type": "system", "text": text}


def broadcast(obj, sender=None):
    with lock:
        for nick, conn in members.items():
            if nick != sender:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def try_join(nick, conn):
    with lock:
        try:
            members[nick]
        except KeyError:
            members[nick] = conn
            return True
    return False


def handle_client(conn):
    buffer, nick = bytearray(), ""
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(user)} if not nick and 1 <= len(user.strip()) <= 32:
                        if try_join(user.strip(), conn):
                            nick = user.strip()
                            broadcast(system(f"please welcome {nick}"))
                        else:
                            send_json(conn, system(f"we have a {user.strip()}"))
                    case {"type": "chat", "text": str(text)} if nick:
                        broadcast({"type": "chat", "user": nick, "text": text}, sender=nick)
                    case {"type": "leave"}:
                        break
                    case _:
                        send_json(conn, system("try again"))
        except (OSError, ValueError) as error:
            print(error)
        finally:
            if nick:
                with lock:
                    members.pop(nick)
                broadcast(system(f"we have lost {nick}"))


def main():
    prepare()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle_client, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

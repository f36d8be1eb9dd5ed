"""Cleaning up is done after the loop and where the connection breaks; on the way of a bad line it was forgotten: still a member, nick never free, nobody told.

fails: 07.1 05.3
says: 'bob'
"""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

room = {}
room_lock = threading.Lock()


def tell_room(obj, without=None):
    with room_lock:
        for nick in room:
            if nick != without:
                try:
                    send_json(room[nick], obj)
                except OSError:
                    pass


def system(text):
    return {"type": "system", "text": text}


def leave_room(nick):
    if nick is None:
        return
    with room_lock:
        del room[nick]
    tell_room(system(nick + " has left the room"))


def handle_client(conn, addr):
    nick = None
    buffer = bytearray()
    while True:
        try:
            obj = recv_json(conn, buffer)
            if obj is None or obj.get("type") == "leave":
                break
            if obj.get("type") == "join" and nick is None and isinstance(obj.get("user"), str) \
                    and 1 <= len(obj["user"].strip()) <= 32:
                wanted = obj["user"].strip()
                with room_lock:
                    if room.setdefault(wanted, conn) is conn:
                        nick = wanted
                if nick:
                    tell_room(system(nick + " has entered the room"))
                else:
                    send_json(conn, system("taken"))
            elif obj.get("type") == "chat" and nick and isinstance(obj.get("text"), str):
                tell_room({"type": "chat", "user": nick, "text": obj["text"]}, without=nick)
            else:
                send_json(conn, system("refused"))
        except OSError:
            leave_room(nick)
            conn.close()
            return
        except ValueError:
            conn.close()
            return
    leave_room(nick)
    conn.close()


def main():
    with socket.create_server((HOST, PORT), backlog=128) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""One global condition is lock, letter box and door bell in one: everybody waits on it, everybody is woken by it."""

import signal
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
house = threading.Condition()
guests = {}  # id -> dict; touched inside `with house` only
numbers = iter(range(1, 1 << 62))
door_open = True


class CtrlC(BaseException):
    """Raised by the signal handler, in main() only."""


def ring(number, frame):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
    raise CtrlC


def post(guest, obj):
    data = encode(obj)
    if len(guest["mail"]) + len(data) > 900_000:
        wake(guest["conn"])
    else:
        guest["mail"] += data
        house.notify_all()


def wake(conn, how=socket.SHUT_RDWR):
    try:
        conn.shutdown(how)
    except OSError:
        pass


def everybody(text_or_chat, but=None):
    for guest in guests.values():
        if guest["nick"] and guest is not but:
            post(guest, text_or_chat)


def carrier(guest):
    """Carries the mail out until the guest is through and nothing is left."""
    conn = guest["conn"]
    while True:
        with house:
            house.wait_for(lambda: guest["mail"] or guest["through"])
            data = bytes(guest["mail"])
            guest["mail"].clear()
        if not data:
            break
        try:
            conn.sendall(data)
        except OSError:
            wake(conn)
    with house:
        guest["delivered"] = True
        house.notify_all()


def listener_of(conn):
    with house:
        if not door_open:
            conn.close()
            return
        guest = {"id": next(numbers), "conn": conn, "nick": None, "mail": bytearray(), "through": False, "delivered": False}
        guests[guest["id"]] = guest
        threading.Thread(target=carrier, args=(guest,)).start()
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            if obj.get("type") == "leave":
                break
            with house:
                if door_open:
                    react(guest, obj)
    except (OSError, ValueError):
        pass
    with house:
        nick, guest["nick"] = guest["nick"], None
        if nick and door_open:
            everybody({"type": "system", "text": f"{nick} went home"})
        guest["through"] = True
        house.notify_all()
        house.wait_for(lambda: guest["delivered"], timeout=0.8)
        wake(conn)
        house.wait_for(lambda: guest["delivered"])
        conn.close()
        del guests[guest["id"]]
        house.notify_all()


def react(guest, obj):
    match obj:
        case {"type": "join", "user": str(user)} if guest["nick"] is None and 0 < len(user.strip()) <= 32:
            user = user.strip()
            if any(other["nick"] == user for other in guests.values()):
                post(guest, {"type": "system", "text": "a guest of this name is here"})
            else:
                guest["nick"] = user
                everybody({"type": "system", "text": f"{user} came"})
        case {"type": "chat", "text": str(text)} if guest["nick"] is not None:
            everybody({"type": "chat", "user": guest["nick"], "text": text}, but=guest)
        case _:
            post(guest, {"type": "system", "text": "excuse me?"})


def main():
    global door_open
    signal.signal(signal.SIGINT, ring)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(0.5)
    try:
        while True:
            try:
                conn, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=listener_of, args=(conn,)).start()
    except CtrlC:
        pass
    listener.close()
    with house:
        door_open = False
        for guest in guests.values():
            post(guest, {"type": "system", "text": "we are closing, good night"})
            wake(guest["conn"], socket.SHUT_RD)
        house.wait_for(lambda: not guests)


if __name__ == "__main__":
    main()

"""Lesson 10: the outbox is a pipe of a megabyte, written to without waiting.

fails: 10.2
says: from alice did not come to ben
A write that does not wait puts in as much as there is room for (only up to PIPE_BUF is it all or nothing). What was left
out is lost, and the next message begins in the middle of this one.
"""

import contextlib
import fcntl
import json
import os
import socket
import threading

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090


def hang_up(sock, how=socket.SHUT_RDWR):
    with contextlib.suppress(OSError):
        sock.shutdown(how)


class Mailbox:
    """What is put in at one end is sent to the client by a thread at the other."""

    def __init__(self, conn):
        self.conn = conn
        self.flap, self.slot = os.pipe()
        fcntl.fcntl(self.slot, fcntl.F_SETPIPE_SZ, 1 << 20)
        os.set_blocking(self.slot, False)
        self.carrier = threading.Thread(target=self.carry, daemon=True)
        self.carrier.start()

    def put(self, message):
        try:
            os.write(self.slot, encode(message))  # <-- all of it?
        except BlockingIOError:  # full
            hang_up(self.conn)

    def carry(self):
        while packet := os.read(self.flap, 1 << 16):
            try:
                self.conn.sendall(packet)
            except OSError:
                hang_up(self.conn)

    def close(self):
        os.close(self.slot)  # what is in there can still be taken out
        self.carrier.join(0.8)
        hang_up(self.conn)
        self.carrier.join()
        os.close(self.flap)


class Room:
    def __init__(self):
        self.lock = threading.RLock()
        self.people = []  # pairs (nick, mailbox)

    def announce(self, text):
        with self.lock:
            for _, box in self.people:
                box.put({"type": "system", "text": text})

    def enter(self, nick, mailbox):
        with self.lock:
            if any(nick == other for other, _ in self.people):
                return False
            self.people.append((nick, mailbox))
            self.announce(f"{nick} comes in")
            return True

    def say(self, nick, text):
        with self.lock:
            for other, box in self.people:
                if other != nick:
                    box.put({"type": "chat", "user": nick, "text": text})

    def exit(self, nick):
        with self.lock:
            self.people = [pair for pair in self.people if pair[0] != nick]
            self.announce(f"{nick} goes out")


room = Room()


def messages(conn):
    buffer = bytearray()
    with contextlib.suppress(OSError, ValueError):
        while (message := recv_json(conn, buffer)) is not None:  # <--
            yield message


def handle_client(conn, addr):
    with conn, contextlib.closing(Mailbox(conn)) as mailbox:
        nick = None
        try:
            for message in messages(conn):
                kind, user, text = message.get("type"), message.get("user"), message.get("text")
                if kind == "leave":
                    break
                if kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                    if room.enter(user.strip(), mailbox):
                        nick = user.strip()
                    else:
                        mailbox.put({"type": "system", "text": f"somebody else is {user.strip()}"})
                elif kind == "chat" and nick is not None and isinstance(text, str):
                    room.say(nick, text)
                else:
                    mailbox.put({"type": "system", "text": "I do not understand " + json.dumps(message)[:100]})
        finally:
            if nick is not None:
                room.exit(nick)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print("ready", flush=True)
        while True:
            threading.Thread(target=handle_client, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()

"""Lesson 10: the outbox is in the kernel: a pair of SOCK_SEQPACKET sockets, one message a packet, full when it is full."""

import contextlib
import json
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
        self.slot, self.flap = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.slot.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.slot.setblocking(False)
        self.carrier = threading.Thread(target=self.carry, daemon=True)
        self.carrier.start()

    def put(self, message):
        try:
            self.slot.send(encode(message))
        except OSError:  # BlockingIOError: full
            hang_up(self.conn)

    def carry(self):
        while packet := self.flap.recv(1 << 18):
            try:
                self.conn.sendall(packet)
            except OSError:
                hang_up(self.conn)

    def close(self):
        hang_up(self.slot, socket.SHUT_WR)  # what is in there can still be taken out
        self.carrier.join(0.8)
        hang_up(self.conn)
        self.carrier.join()
        self.slot.close()
        self.flap.close()


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
        while (message := recv_json(conn, buffer)) is not None:
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

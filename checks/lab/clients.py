"""The scripted clients: they act and expect, and write the story as they go.

A client sends as it is told and reads only when it expects something. Nothing
here sleeps: an expectation ends with what was expected, with something else,
with the end of the stream, with proof that nothing will come any more, or after
WAIT seconds.
"""

import json
import select
import socket
import struct
import time

from .story import difference, shown

WAIT = 5.0  # seconds; 0.5 failed once in 1,000 waits on a busy machine, 5 never
LONGEST_WAIT = 120.0  # seconds, for as long as something moves: one byte at a time takes half a minute for 4 MiB
ASK_EVERY = 0.1  # seconds between two looks whether the server is idle
LONGEST_REPLY = 1 << 20  # bytes of one line from the server


class Client:
    """A client that speaks bytes (lessons 01 and 02)."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.sent = self.received = 0  # bytes, in all
        self.buffer = bytearray()  # received, not yet looked at
        self.finished = False  # have we sent the end of the stream, or a reset?
        self.end = None  # "the end of the stream" or "a reset", once it has come
        self.tokens = 0
        self.sock = server.connect(name)
        self.port = self.sock.getsockname()[1]
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.clients.append(self)
        self.did("connects")

    def __str__(self):
        return self.name

    def did(self, what, arrow="--"):
        self.server.story.add(self.name, arrow, what)

    # -------------------------------------------------- acting

    def sends_bytes(self, data, may_end=False, reading=False):
        """Send all of data; what comes meanwhile is kept if `reading`.

        With may_end the server may end the connection before everything is sent.
        """
        self.did(shown(bytes(data[:1000])) if len(data) <= 1000 else f"{len(data):,} bytes: {shown(bytes(data[:60]))} ...", "->")
        view, last = memoryview(data), time.monotonic()
        while view and not (self.end and may_end):
            readable, writable, _ = select.select([self.sock] if reading and not self.end else [], [self.sock], [], ASK_EVERY)
            if readable:
                self._fill()
                if self.received <= self.sent:  # more than that is no answer
                    last = time.monotonic()
            if writable:
                try:
                    count = self.sock.send(view[:1 << 18])
                except BlockingIOError:
                    count = 0
                except OSError:
                    self._fill(wait=0)
                    self.end = self.end or "a reset"
                    if may_end:
                        return
                    raise self.ended_early(f"{self} can send all of it") from None
                view = view[count:]
                self.sent += count
                self._acks_at_once()
                last = time.monotonic()
            elif time.monotonic() - last > WAIT:
                self.server.deadline_passed()
                raise self.server.failure(
                    f"the server stopped reading: {len(view):,} of {len(data):,} bytes from {self} were not taken within {WAIT:g} seconds",
                    should=f"the server takes all that {self} sends", client=self)

    def _acks_at_once(self):
        """Acknowledge what comes without the delay of up to 40 ms for which Nagle's algorithm lets the server's next message wait; see tcp(7)."""
        if hasattr(socket, "TCP_QUICKACK"):
            try:
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except OSError:
                pass  # the connection has ended

    def half_closes(self):
        """Finish sending (shutdown(2) with SHUT_WR) and stay to listen."""
        self.did("finishes sending (half-close)")
        self.finished = True
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server was faster

    def closes(self):
        """Close the connection; the server sees the end of the stream."""
        self.did("closes the connection")
        self.finished = True
        self.sock.close()

    def resets(self):
        """Break the connection off: SO_LINGER with 0 seconds sends a reset, see socket(7)."""
        self.did("breaks off (reset)")
        self.finished = True
        linger = struct.pack("hh" if socket.has_ipv6 and hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()

    # -------------------------------------------------- expecting

    def _fill(self, wait=0.0):
        """Read what is there, waiting at most `wait` seconds; return whether anything came."""
        if self.end or not select.select([self.sock], [], [], wait)[0]:
            return False
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            data, self.end = b"", "a reset"
        else:
            if not data:
                self.end = "the end of the stream"
        if self.end:
            self.did(self.end, "<-")
        self.received += len(data)
        self.buffer += data
        return True

    def waits(self, done, should, silence, instead=lambda: None):
        """Wait until done() is true. Fails with `silence` as what was, when it will not be.

        instead() is the offset of what came instead, if anything did.
        """
        began = time.monotonic()
        deadline, ask = began + WAIT, began + ASK_EVERY / 2
        while not done():
            if self.end:
                raise self.ended_early(should)
            if self._fill(wait=ASK_EVERY / 2):
                deadline = time.monotonic() + WAIT  # something moves
                if deadline < began + LONGEST_WAIT:
                    continue
            now = time.monotonic()
            if now > min(deadline, began + LONGEST_WAIT):
                self.server.deadline_passed()
                raise self.server.failure(f"{silence} within {WAIT:g} seconds", should, client=self, offset=instead())
            if now > ask:
                if self.server.is_idle(self) and not self._fill(wait=0.2):  # what was sent last may still be on its way
                    raise self.server.failure(f"{silence}, and nothing will: {self.server.idle_because(self)}", should,
                                              client=self, offset=instead())
                ask = now + ASK_EVERY

    def ended_early(self, should):
        return self.server.failure(self.server.evidence.why_ended(self), should, client=self, closed=True)

    def gets_bytes(self, data):
        """Expect exactly these bytes next."""
        seen = 0

        def done():
            nonlocal seen
            same = min(len(self.buffer), len(data))
            if self.buffer[seen:same] != data[seen:same]:
                self._got_others(data)
            seen = same
            return seen == len(data)

        self.waits(done, f"{self} gets back {shown(data)}", self._silence(data))
        self.did(shown(data) if len(data) <= 1000 else f"all {len(data):,} bytes", "<-")
        del self.buffer[:len(data)]

    def _silence(self, data):
        def said():
            return f"only {len(self.buffer):,} of {len(data):,} bytes came back to {self}" if self.buffer else f"nothing came back to {self}"
        return Later(said)

    def _got_others(self, data):
        start = self.received - len(self.buffer)
        at = next(i for i, (a, b) in enumerate(zip(self.buffer, data)) if a != b)
        self.did(shown(bytes(self.buffer[:1000])), "<-")
        raise self.server.failure(
            f"{self} got other bytes than were sent: byte {at:,} is {bytes(self.buffer[at:at + 1])!r} and should be {data[at:at + 1]!r}",
            f"{self} gets back {shown(data)}", client=self, offset=start + at,
            detail=[("The difference", difference(data, bytes(self.buffer)))])

    def gets_end(self, reset_is_fine=False):
        """Expect that the server ends the connection, and nothing before that."""
        self.waits(lambda: self.end or self.buffer, f"the server closes {self}'s connection",
                   f"the server did not close {self}'s connection")
        if self.buffer:
            self.did(shown(bytes(self.buffer[:1000])), "<-")
            raise self.server.failure(f"{self} got {shown(bytes(self.buffer[:200]))} and not the end of the stream",
                                      f"{self} gets the end of the stream and nothing before it",
                                      client=self, offset=self.received - len(self.buffer))
        if self.end == "a reset" and not reset_is_fine:
            if self.server.evidence.has_ended():
                raise self.ended_early(f"{self} gets the end of the stream")
            raise self.server.failure(f"{self}'s connection ended with a reset, not with the end of the stream",
                                      f"{self} gets the end of the stream", client=self, closed=True)

    # -------------------------------------------------- the same in every lesson's language

    def has_something(self):
        """Has anything come that nobody has looked at yet?"""
        self._fill()
        return bool(self.buffer or self.end)

    def sends_until_stuck(self):
        """Send and read nothing, until the server stands in a send to this client."""
        self.did("sends and reads nothing, until the server stands in its send", "--")
        data, deadline = b"x" * (1 << 16), time.monotonic() + WAIT
        while time.monotonic() < deadline and not self.server.is_sending_to(self):
            while select.select([], [self.sock], [], 0)[1]:
                try:
                    self.sent += self.sock.send(data)
                except OSError:
                    return  # the server has ended the connection: another check's business

    def speaks(self, size=0):
        """Say something new, of about `size` bytes, in this lesson's language."""
        self.tokens += 1
        self.token = f"{self.name}-{self.tokens}-".encode() + b"x" * size
        self.sends_bytes(self.token)

    def hears_back(self):
        """Expect the lesson's answer to what was said last."""
        self.gets_bytes(self.token)

    def is_served(self):
        """Say something and expect the lesson's answer."""
        self.speaks()
        self.hears_back()


class Later:
    """Text that is made when it is shown."""

    def __init__(self, make):
        self.make = make

    def __str__(self):
        return self.make()


class Messenger(Client):
    """A client that speaks messages, and gets its own back (lesson 03)."""

    def __init__(self, server, name):
        super().__init__(server, name)
        self.inbox = []  # (offset in the stream, message), not yet looked at

    def has_something(self):
        return super().has_something() or bool(self.inbox)

    def sends(self, message, **options):
        """Send one message; options as for sends_bytes."""
        self.sends_bytes(line(message), **options)

    def _sort(self):
        """Take the whole lines out of the buffer and into the inbox."""
        while (end := self.buffer.find(b"\n") + 1):
            offset, data = self.received - len(self.buffer), bytes(self.buffer[:end])
            del self.buffer[:end]
            self.did(shown(data), "<-")
            self.inbox.append((offset, self._understood(data, offset)))
        if len(self.buffer) > LONGEST_REPLY:
            raise self.server.failure(f"the server sent {len(self.buffer):,} bytes to {self} without a newline",
                                      "a message is one line", client=self, offset=self.received - 1)

    def _understood(self, data, offset):
        try:
            message = json.loads(data.decode())
        except UnicodeDecodeError:
            wrong = "that is not UTF-8"
        except (ValueError, RecursionError):
            wrong = "that is not JSON"
        else:
            if isinstance(message, dict):
                return message
            wrong = "that is not a JSON object"
        raise self.server.failure(f"{self} got a line {wrong}: {shown(data)}",
                                  "each line from the server is one JSON object in UTF-8", client=self, offset=offset)

    def next_message(self, should, wanted=lambda message: True, silence=None):
        """Wait for the next message that is `wanted` and return (offset, message); the others stay in the inbox."""
        found = []

        def done():
            self._sort()
            found[:] = [entry for entry in self.inbox if wanted(entry[1])][:1]
            return found

        self.waits(done, should, silence or Later(lambda: self._unfinished()), lambda: self.inbox[-1][0] if self.inbox else None)
        self.inbox.remove(found[0])
        return found[0]

    def _unfinished(self):
        if self.buffer:
            return f"{self} got {shown(bytes(self.buffer[:200]))} without a newline at its end, and no more came"
        return f"no message came to {self}"

    def gets(self, message):
        """Expect exactly this message next (key order and white space mean nothing)."""
        should = f"{self} gets {shown(line(message))}"
        offset, got = self.next_message(should)
        if not same(got, message):
            raise self.server.failure(f"{self} got another message: {shown(line(got))}", should, client=self, offset=offset)

    def gets_end(self, reset_is_fine=False, after_system=True):
        """Expect the end of the connection; a `system` message may come before it."""
        def done():
            self._sort()
            self.inbox[:] = [entry for entry in self.inbox if not (after_system and self.may_come_last(entry[1]))]
            return self.end or self.inbox  # a part of a line may be the beginning of that message

        def silence():
            return f"the server {f'sent {shown(bytes(self.buffer[:200]))} and ' if self.buffer else ''}did not close {self}'s connection"

        self.waits(done, f"the server closes {self}'s connection", Later(silence))
        if self.inbox:
            offset, message = self.inbox[0]
            raise self.server.failure(f"{self} got {shown(line(message))} and not the end of the stream",
                                      f"the server closes {self}'s connection and sends nothing before", client=self, offset=offset)
        super().gets_end(reset_is_fine)

    def may_come_last(self, message):
        """May this message stand between a fault of this client and the end of its connection?"""
        return message.get("type") == "system"

    def speaks(self, size=0):
        self.tokens += 1
        self.token = {"type": "chat", "text": f"{self.name}-{self.tokens}-" + "x" * size}
        self.sends(self.token)

    def speaks_exactly(self, size):
        """Say something in a line of exactly `size` bytes."""
        self.token = {"type": "chat", "text": ""}
        self.token["text"] = "x" * (size - len(line(self.token)))
        self.sends(self.token, may_end=True, reading=True)

    def hears_back(self):
        self.gets(self.token)


class Member(Messenger):
    """A client that joins and chats, and hears itself (lesson 04)."""

    nick = None

    def joins(self, nick=None):
        """Ask to join and expect a system message with the nick, as it is once stripped."""
        nick = self.name if nick is None else nick
        self.sends({"type": "join", "user": nick})
        self.is_told_of(nick.strip(), f"{self}'s join is answered by a system message with the nick {nick.strip()!r}")
        self.nick = nick.strip()
        return self

    def says(self, text):
        self.sends({"type": "chat", "text": text})

    def leaves(self):
        self.sends({"type": "leave"})

    def _understood(self, data, offset):
        message = super()._understood(data, offset)
        for kind, fields in (("chat", ("user", "text")), ("system", ("text",))):
            for field in fields:
                if message.get("type") == kind and not isinstance(message.get(field), str):
                    raise self.server.failure(f'{self} got a {kind} message without a string in "{field}": {shown(data)}',
                                              f"a {kind} message has {' and '.join(fields)}", client=self, offset=offset)
        return message

    def hears(self, who, text):
        """Expect this chat message; it must be the next chat message that comes."""
        self.hears_one_of(who, (text,))

    def hears_one_of(self, who, texts):
        """Expect a chat message with one of these texts as the next chat message, and return its text."""
        should = f"{self} hears {' or '.join(map(repr, texts))} from {who}"
        offset, got = self._next_chat(should)
        if got["user"] != nick_of(who) or got["text"] not in texts:
            raise self.server.failure(self._heard_wrong(got, nick_of(who), texts), should, client=self, offset=offset)
        return got["text"]

    def _next_chat(self, should):
        return self.next_message(should, is_chat, Later(lambda: self._not_heard(f"no chat message came to {self}")))

    def hears_nothing_before(self, who, text, but=()):
        """Expect this chat message, and none before it but with one of these texts."""
        should = f"{self} hears {text!r} from {who}, and nothing that was said before"
        while True:
            offset, got = self._next_chat(should)
            if got["text"] == text:
                return
            if got["text"] not in but:
                raise self.server.failure(self._heard_wrong(got, nick_of(who), (text,)), should, client=self, offset=offset)

    def hears_from(self, who, text):
        """Expect this chat message; it must be the next one that comes from this member."""
        should, nick = f"{self} hears {text!r} as the next message from {who}", nick_of(who)
        offset, got = self.next_message(should, lambda message: is_chat(message) and message["user"] == nick,
                                        Later(lambda: self._not_heard(f"no chat message from {who} came to {self}")))
        if got["text"] != text:
            raise self.server.failure(f"{self} heard {got['text']!r} from {who} first: out of order, or something is lost",
                                      should, client=self, offset=offset)

    def _not_heard(self, otherwise):
        odd = [message for _, message in self.inbox if message.get("type") not in ("chat", "system")]
        if odd:
            return f"{otherwise}, but {shown(line(odd[0]))}, whose type the contract does not know"
        told = [message for _, message in self.inbox if message.get("type") == "system"]
        return f"{otherwise}, but the system message {told[-1]['text']!r}" if told else otherwise

    def _heard_wrong(self, got, who, texts):
        if got["text"] in texts:
            return f"{self} heard {got['text']!r} from {got['user']!r}, but {who} said it"
        if got["user"] == self.nick and who != self.nick:
            return f"{self} heard back what {self} had said: {shown(line(got))}"
        return f"{self} heard something else first: {got['text']!r} from {got['user']!r}"

    def is_told(self, should, about=""):
        """Expect a system message that contains `about`; return it with its offset."""
        return self.next_message(should, lambda message: message.get("type") == "system" and about in message["text"],
                                 Later(lambda: self._not_told(about)))

    def _not_told(self, about):
        told = f"no system message{f' with {about!r} in it' if about else ''} came to {self}"
        return f"{told}, but {shown(line(self.inbox[-1][1]))}" if self.inbox else told

    def is_told_of(self, who, should=None):
        """Expect a system message that contains this nick."""
        nick = nick_of(who)
        self.is_told(should or f"{self} gets a system message with {nick!r} in it", nick)

    def is_refused(self, message, what):
        """Send a message that the server must refuse, and expect a system message as its answer."""
        self.forgets_system_messages()
        self.sends(message)
        self.is_told(f"{what} is answered by a system message, and the connection stays usable")

    def forgets_system_messages(self):
        """Put away the system messages that have come until now."""
        self._fill()
        self._sort()
        self.inbox[:] = [entry for entry in self.inbox if entry[1].get("type") != "system"]

    def was_told_nothing(self, because, about=""):
        """Fail if a system message (about somebody) has come; a fence must have come before."""
        for offset, text in self.system_messages(about):
            raise self.server.failure(f"{self} got the system message {text!r}", because, client=self, offset=offset)

    def system_messages(self, about=""):
        """The system messages in the inbox that contain `about`: [(offset, text)]."""
        self._sort()
        return [(offset, message["text"]) for offset, message in self.inbox
                if message.get("type") == "system" and about in message["text"]]

    def speaks(self, size=0):
        if self.nick is None:
            self.joins()
        self.tokens += 1
        self.token = f"{self.name}-{self.tokens}-" + "x" * size
        self.says(self.token)

    def speaks_exactly(self, size):
        # By white space: the answer, which names the sender, must not be longer than a message may be.
        if self.nick is None:
            self.joins()
        self.token = "hello"
        start, end = b'{"type": "chat",', b'"text": "hello"}\n'
        self.sends_bytes(start + b" " * (size - len(start) - len(end)) + end, may_end=True)

    def gets_end(self, reset_is_fine=False, after_system=True):
        super().gets_end(reset_is_fine)  # a goodbye is no reply, so after_system it is

    def hears_back(self):
        self.is_heard_saying(self.nick, self.token)

    def is_heard_as(self, nick):
        """Say something and expect it to be heard, under this nick."""
        self.tokens += 1
        text = f"{self.name}-{self.tokens}-"
        self.says(text)
        self.is_heard_saying(nick, text)

    def is_heard_saying(self, nick, text):
        """Expect this, where this client's chats are heard: at itself."""
        self.hears(nick, text)


class RoomMember(Member):
    """A client in the room: what it says, the others hear (lesson 05 and later)."""

    def may_come_last(self, message):
        return super().may_come_last(message) or is_chat(message)

    def is_heard_saying(self, nick, text):
        self.server.witness.hears(nick, text)


def line(message):
    """A message as it goes over the wire, as Python's json writes it."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def nick_of(who):
    return getattr(who, "nick", who)


def is_chat(message):
    return message.get("type") == "chat"


def same(a, b):
    """Equality of JSON values: True is not 1 there."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)

"""Messages as they go over the wire, and the scripted clients that speak them (lesson 03 and later)."""

import json

from .clients import Client, Later
from .story import shown

MIXED = "A message and its newline go out in one piece, by one sendall(): or another thread's comes in between."
LONGEST_LINE = 65_536  # bytes of one message, with its newline
LONGEST_REPLY = 1 << 20  # bytes of one line from the server
MOST_WAITING = 200_000  # messages that nobody has looked at; who sends more sends for ever
MOST_TIMES = 10_000  # that the same line comes, and nothing else between; who is stopped at the end of a stream sends it for ever


class Messenger(Client):
    """A client that speaks messages, and gets its own back (lesson 03)."""

    def __init__(self, server, name, **options):
        super().__init__(server, name, **options)
        self.inbox = []  # (offset in the stream, message), not yet looked at
        self._last, self._times = b"", 0  # the line that came last, and how often in a row

    def has_something(self):
        return super().has_something() or bool(self.inbox)

    def has_message(self):
        """Has a whole message come that nobody has looked at yet?"""
        self.takes()
        self._sort()
        return bool(self.inbox)

    def sends(self, message, **options):
        """Send one message; options as for sends_bytes."""
        self.sends_bytes(line(message), **options)

    def sends_with_a_pause(self, message):
        """Send one message in two pieces; between them time-outs pass, and the server looks for more."""
        data = line(message)
        self.server.time_passes()
        self.sends_bytes(data[:20])
        self.server.takes_all(self)
        self.server.looks_for_more(self)
        self.sends_bytes(data[20:])

    def _sort(self):
        """Take the whole lines out of the buffer and into the inbox."""
        while (end := self.buffer.find(b"\n") + 1):
            offset, data = self.received - len(self.buffer), bytes(self.buffer[:end])
            del self.buffer[:end]
            self.did(shown(data), "<-")
            if self.ended:
                self.server.story.came_after(self.ended)
            self.inbox.append((offset, self._understood(data, offset)))
            self._last, self._times = data, self._times + 1 if data == self._last else 1
            if self._times > MOST_TIMES:
                raise self.server.failure(f"the server sends {shown(data)} to {self} again and again", "one message is answered once",
                                          client=self, offset=offset)
        if len(self.inbox) > MOST_WAITING:
            raise self.server.failure(f"the server sends to {self} without end: {len(self.inbox):,} messages that nobody asked for",
                                      "one message is answered once", client=self, offset=self.received - 1)
        if len(self.buffer) > LONGEST_REPLY:
            raise self.server.failure(f"the server sent {len(self.buffer):,} bytes to {self} without a newline",
                                      "a message is one line", client=self, offset=self.received - 1)

    def _understood(self, data, offset):
        message, wrong = parsed(data)
        if wrong:
            raise self.server.failure(f"{self} got a line {wrong}: {shown(data)}",
                                      "each line from the server is one JSON object in UTF-8", client=self, hint=MIXED if b"}{" in data else None,
                                      offset=offset + len(data) - 1)  # where another message got into this one, it is the last that did
        return message

    def next_message(self, should, wanted=lambda message: True, silence=None):
        """Wait for the next message that is `wanted` and return (offset, message); the others stay in the inbox."""
        found, seen = [], 0

        def done():
            nonlocal seen
            self._sort()
            new, seen = self.inbox[seen:], len(self.inbox)
            found[:] = next(([entry] for entry in new if wanted(entry[1])), ())
            return found

        self.waits(done, should, silence or Later(lambda: self._unfinished()), lambda: self.received - 1 if self.buffer else self.inbox[-1][0] if self.inbox else None)
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
        """Expect the end of the connection; with after_system a message that says why may come before it."""
        self.may_end = True

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
        """May this message stand between a fault of this client and the end of its connection? Not what could be its echo."""
        return message.get("type") != "chat"

    def speaks(self, size=0):
        self.tokens += 1
        self.token = {"type": "chat", "text": f"{self.name}-{self.tokens}-" + "x" * size}
        self.sends(self.token)

    def speaks_exactly(self, size, cut=None):
        """Say something in a line of exactly `size` bytes; with `cut` in two pieces, the second when the server has taken the first."""
        data = self.exactly(size)
        for piece in (data[:cut], data[cut:]) if cut else (data,):
            self.server.takes_all(self)
            self.sends_bytes(piece, may_end=True, reading=True)

    def exactly(self, size):
        """A line of so many bytes that says something new."""
        self.tokens += 1
        self.token = {"type": "chat", "text": f"{self.name}-{self.tokens}-"}
        self.token["text"] += "x" * (size - len(line(self.token)))
        return line(self.token)

    def hears_back(self):
        self.gets(self.token)

    def hears_back_at_last(self):
        def silence():
            return f"{self} got {shown(line(self.inbox[-1][1]))}, and not what it had sent" if self.inbox else self._unfinished()

        self.next_message(f"{self} gets {shown(line(self.token))}", lambda message: same(message, self.token), Later(silence))
        self.inbox.clear()


def parsed(data):
    """Return (the message in a line of bytes, what is wrong with the line): one of them is None."""
    try:
        message = json.loads(data.decode())
    except UnicodeDecodeError:
        return None, "that is not UTF-8"
    except (ValueError, RecursionError):
        return None, "that is not JSON"
    return (message, None) if isinstance(message, dict) else (None, "that is not a JSON object")


def line(message):
    """A message as it goes over the wire, as Python's json writes it; half of a surrogate pair, which UTF-8 has no bytes for, as an escape."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def same(a, b):
    """Equality of JSON values: True is not 1 there."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)

"""The load: the members of a room, all of them in one thread, which waits for whichever has something.

What arrives is only counted and noted with its time, and read when the measuring is over.
So this side needs less of a processor than any of the servers; how much, and how late it
was with what it said, is measured, too.

Two questions, two loops:

- How much can the server deliver? Closed loop: as many chats are under way as there are
  members, and another is said when one has reached everybody. There is always enough to
  do, and never more than that: above what a server can bear an open loop would measure
  how long its queues grow, and have members disconnected for a full outbox.
- How late is what arrives? Open loop: chats are due at fixed times, at a rate that all
  the servers can bear, whether or not the earlier ones have arrived, and a delay counts
  from when the chat was due. Who waits for the server before saying the next thing says
  little just when it is slow, and so leaves out the long delays: coordinated omission
  (G. Tene, "How NOT to Measure Latency", 2013).

The members acknowledge what they get as any client does: the system may take up to 40 ms
for that (tcp(7)), and a server that waits for it shows it.
"""

import gc
import json
import math
import re
import selectors
import socket
import time

TURN = 0.05  # seconds that are waited at a time
REST = 20  # such turns in which nothing came and the server did nothing: it stands still
LONGEST = 60.0  # seconds that anything may take
TEXT = "%07d ................................................#"  # a chat's number; and a mark that nothing else has
CHAT, MARK = re.compile(rb"(\d{7}) \.+#"), b"#"
FENCE = b"~"  # in what the stalled member says last
now = time.perf_counter


class Member:
    """One who is in the room and reads what comes."""

    def __init__(self, port, nick):
        self.nick = nick
        self.arrived = []  # (time, bytes)
        self.sock = self.connects(port)
        self.sock.sendall(line({"type": "join", "user": nick}))

    def connects(self, port):
        sock = socket.create_connection(("127.0.0.1", port), LONGEST)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is said goes out when it is said
        return sock

    def heard(self):
        """The chats that have arrived: their numbers in order, and the times."""
        numbers = CHAT.findall(b"".join(data for _, data in self.arrived))
        times = [moment for moment, data in self.arrived for _ in range(data.count(MARK))]
        return list(map(int, numbers)), times


class Stalled(Member):
    """One who is in the room and reads nothing: a laptop with its lid closed.

    The loopback interface has segments of 64 KiB, and buffers to match, some 3 MB of them.
    This one asks for segments as on Ethernet. Then it says nonsense, for the answers to
    that are what it hears alone, so often that they fill the buffers (on Linux some
    300 kB), but no outbox of 1 MiB.
    """

    NONSENSE = 4_000  # answered by some 100 bytes each

    def connects(self, port):
        sock = socket.socket()
        sock.settimeout(5)  # seconds
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        if hasattr(socket, "TCP_MAXSEG"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        sock.connect(("127.0.0.1", port))
        return sock

    def fills_its_buffers(self):
        try:
            self.sock.sendall(line({"type": "nonsense"}) * self.NONSENSE + line({"type": "chat", "text": FENCE.decode()}))
        except TimeoutError:
            pass  # the server stands in a send to it already, and reads no more


class Room:
    """A room of so many members, from `with` to the end of it, in this server; all times are in seconds."""

    def __init__(self, server, count):
        self.server, self.count = server, count
        self.said = self.heard = 0  # chats; and how often one of them arrived
        self.first = 0  # the first chat that has not been looked at
        self.fenced = False  # has anybody heard the stalled member's last words?
        self.late = []  # how much later than due what was said in the open loop was said
        self.members, self.stalled = [], None
        self._waiting = selectors.DefaultSelector()

    def __enter__(self):
        gc.disable()  # a collection here would look like a slow server
        for number in range(self.count):
            member = Member(self.server.port, f"m{number:03}")
            member.sock.setblocking(False)
            self.members.append(member)
            self._waiting.register(member.sock, selectors.EVENT_READ, member)
            if not self._reads_until(lambda: member.arrived):
                raise TimeoutError(f"{member.nick} joins and hears nothing")
        return self

    def __exit__(self, *error):
        for member in (*self.members, *filter(None, [self.stalled])):
            member.sock.close()
        self._waiting.close()
        gc.enable()

    def _reads(self, wait):
        """Take what has come for anybody, waiting at most `wait` for it; return whether anything has."""
        events = self._waiting.select(wait)
        for event, _ in events:
            data = event.fileobj.recv(1 << 16)
            if not data:
                raise ConnectionError(f"the server has disconnected {event.data.nick}, who reads all that comes")
            event.data.arrived.append((now(), data))
            self.heard += data.count(MARK)
            self.fenced |= FENCE in data
        return bool(events)

    def _reads_until(self, done):
        """Take what comes until done() is true; return False when the server comes to rest before."""
        rest, deadline = 0, now() + LONGEST
        while not done():
            rest = 0 if self._reads(TURN) or self.server.works() else rest + 1
            if rest == REST or now() > deadline:
                return False
        return True

    def _says(self, size=0):
        """The next chat, by the next member in turn."""
        message = line({"type": "chat", "text": TEXT % self.said + "x" * size})
        if self.members[self.said % self.count].sock.send(message) < len(message):
            raise ConnectionError("the server reads too little for this load")
        self.said += 1

    def under_way(self):
        """How often what has been said is still to arrive."""
        return self.said * (self.count - 1) - self.heard

    def all_arrives(self):
        """Take what is under way; return whether all of it came."""
        return self._reads_until(lambda: not self.under_way())

    def one_stalls(self):
        """One more member comes, and reads nothing."""
        self.stalled = Stalled(self.server.port, "stalled")
        self.stalled.fills_its_buffers()
        self._reads_until(lambda: self.fenced)  # or the server stands in a send to it

    def everybody_says(self, times):
        """To warm up; return whether all of it arrived."""
        for _ in range(times * self.count):
            self._says()
        return self.all_arrives()

    def closed_loop(self, seconds):
        """Say as much as the server can deliver, for so long; return the deliveries a second."""
        heard, began = self.heard, now()
        while now() < began + seconds:
            while self.under_way() <= (self.count - 1) * (self.count - 1):
                self._says()
            self._reads(TURN)
        return (self.heard - heard) / (now() - began)

    def open_loop(self, seconds, rate):
        """Say so many chats a second, for so long; return {number: when it was due}."""
        began, due = now(), {}
        for number in range(math.ceil(seconds * rate)):
            due[self.said] = moment = began + number / rate
            while (wait := moment - now()) > 0:
                self._reads(wait)
            self.late.append(-wait)
            self._says()
        return due

    def floods(self, size, total):
        """One after the other, chats of this size are said, `total` bytes; return the most memory that the server had.

        None, when it stood still.
        """
        most = 0
        for _ in range(total // size):
            self._says(size)
            if not self.all_arrives():
                return None
            most = max(most, self.server.memory)
        return most

    def looks_back(self):
        """Return all (chat's number, time) that arrived since the last look; all that was said must have.

        Raises AssertionError unless each heard the others' chats, each once, and each member's in their order.
        """
        found = []
        for number, member in enumerate(self.members):
            chats, times = member.heard()
            said = [chat for chat in range(self.first, self.said) if chat % self.count != number]
            assert sorted(chats, key=self._sender) == sorted(said, key=self._sender), f"{member.nick} did not hear what was said"
            found += zip(chats, times, strict=True)
            member.arrived.clear()
        self.first = self.said
        return found

    def _sender(self, chat):
        return chat % self.count


def line(message):
    return json.dumps(message).encode() + b"\n"

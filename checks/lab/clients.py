"""The scripted clients: they act and expect, and write the story as they go.

A client sends as it is told and reads only when it expects something. Nothing
here sleeps: an expectation ends with what was expected, with something else,
with the end of the stream, with proof that nothing will come any more, or after
WAIT seconds.
"""

import select
import socket
import struct
import time

from .story import difference, shown

NEWLINE = b"\n"
RESET = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)  # SO_LINGER with 0 seconds: close() sends a reset, see socket(7)
WAIT = 5.0  # seconds; 0.5 failed once in 1,000 waits on a busy machine, 5 never
MOST_SENT_AGAIN = 70_000  # bytes of what was sent last; see Server.lines_for_what_was_sent_last
LONGEST_WAIT = 300.0  # seconds, for as long as something moves: one byte at a time takes half a minute for 4 MiB, and more beside others
ASK_EVERY = 0.1  # seconds between two looks whether the server is idle


class Client:
    """A client that speaks bytes (lessons 01 and 02)."""

    def __init__(self, server, name, narrow=False):
        self.server, self.name, self.narrow = server, name, narrow
        self.sent = self.received = 0  # bytes, in all
        self.reads = True  # or has it stopped reading?
        self.buffer = bytearray()  # received, not yet looked at
        self.finished = False  # have we sent the end of the stream, or a reset?
        self.joins_sent = 0  # messages that may be joins
        self.may_end = False  # may the server have ended the connection, for all that we know of it?
        self.end = None  # "the end of the stream" or "a reset", once it has come
        self.ended = None  # the step that says so
        self.tokens = 0
        self.sock = server.connect(name, narrow)
        self.port = self.sock.getsockname()[1]
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.clients.append(self)
        self.did("connects")

    def __str__(self):
        return self.name

    def did(self, what, arrow="--"):
        return self.server.story.add(self.name, arrow, what)

    # -------------------------------------------------- acting

    def sends_bytes(self, data, may_end=False, reading=False):
        """Send all of data; what comes meanwhile is kept if `reading`.

        With may_end the server may end the connection before everything is sent.
        """
        self.joins_sent += b'"join"' in bytes(data[:MOST_SENT_AGAIN])
        self.server.last_sent, self.may_end = (self, bytes(data[:MOST_SENT_AGAIN])), self.may_end or may_end
        self.did(shown(bytes(data[:1000])) if len(data) <= 1000 else f"{len(data):,} bytes: {shown(bytes(data[:60]).rstrip() + NEWLINE)} ...", "->")
        view, patience = memoryview(data), self.server.program.patience(WAIT)
        while view and not (self.end and may_end):
            readable, writable, _ = select.select([self.sock] if reading and not self.end else [], [self.sock], [], ASK_EVERY)
            if readable:
                self._fill()
                if self.received <= self.sent:  # more than that is no answer
                    patience = self.server.program.patience(WAIT)
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
                patience = self.server.program.patience(WAIT)
            elif may_end and self._has_been_ended():
                return  # the system lets nobody write who is not read any more; who reads finds the end
            elif not readable and self.server.is_quiet() and not select.select([], [self.sock], [], ASK_EVERY)[1]:  # it may have taken all just now
                raise self._not_taken(data, view, f", and that will not change: {self.server.idle_because(self)}")
            elif patience.is_over():
                self.server.deadline_passed()
                raise self._not_taken(data, view, f" within {WAIT:g} seconds")

    def _has_been_ended(self):
        """Has the end of the stream come? Nothing is read for that; not every system tells of an end that lies behind other bytes."""
        if hasattr(select, "POLLRDHUP"):
            poll = select.poll()
            poll.register(self.sock, select.POLLRDHUP)
            return bool(poll.poll(0))
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except OSError:  # nothing has come yet
            return False

    def _not_taken(self, data, left, when):
        return self.server.failure(f"the server stopped reading: {len(left):,} of {len(data):,} bytes from {self} were not taken{when}",
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
        """Close the connection when the server rests, and wait until it has done what it does about that: nothing else happens meanwhile."""
        self.server.calms_down()
        self.did("closes the connection")
        self.finished = True
        self.sock.close()
        self.server.notices(self)

    def resets(self, unnoticed=False):
        """Break the connection off, likewise; when it is to be `unnoticed`, at once, and wait for nothing."""
        if not unnoticed:
            self.server.calms_down()
        self.did("breaks off (reset)")
        self.finished = True
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()
        if not unnoticed:
            self.server.notices(self)

    def stops_reading(self):
        """Read nothing from now on, until `reads_again`."""
        self.did("reads nothing from now on")
        self.reads = False

    def reads_again(self):
        self.did("reads again")
        self.reads = True
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    # -------------------------------------------------- expecting

    def _fill(self, wait=0.0, most=1 << 18):
        """Read what is there, at most so many bytes, waiting at most `wait` seconds; return whether anything came."""
        if self.end or not select.select([self.sock], [], [], wait)[0]:
            return False
        try:
            data = self.sock.recv(most)
        except BlockingIOError:
            return False
        except OSError:
            data, self.end = b"", "a reset"
        else:
            if not data:
                self.end = "the end of the stream"
        if self.end:
            self.ended = self.did(self.end, "<-")
        self.received += len(data)
        self.buffer += data
        if self.narrow and data:
            self._acks_at_once()  # on a narrow line the next bytes wait for that
        return True

    def takes(self):
        """Take all that has come."""
        while self._fill():
            pass

    def _fill_any(self, others, wait):
        """Read what is there for this client and the others, waiting at most `wait` seconds; return whether anything came."""
        if others:
            select.select([client.sock for client in (self, *others) if not client.end], [], [], wait)
            return any([client._fill() for client in (self, *others)])
        return self._fill(wait)

    def waits(self, done, should, silence, instead=lambda: None, beside=()):
        """Wait until done() is true. Fails with `silence` as what was, when it will not be.

        instead() is the offset of what came instead, if anything did; beside: other
        clients to whom it may come.
        """
        began = time.monotonic()
        patience, ask = self.server.program.patience(self.server.patience), began + ASK_EVERY / 2
        while not done():
            if self.end:
                raise self.ended_early(should)
            if self.server.program.stuck:
                raise self.server.failure(str(silence), should, client=self, offset=instead())
            if self._fill_any(beside, wait=ASK_EVERY / 2):
                patience = self.server.program.patience(self.server.patience)  # something moves
                if time.monotonic() < began + LONGEST_WAIT:
                    continue
            now = time.monotonic()
            if patience.is_over() or now > began + LONGEST_WAIT:
                self.server.deadline_passed()
                late = f"{silence} within {patience.seconds:g} seconds"
                raise self.server.told_of_who_was_thrown_out(self.server.failure(late, should, client=self, offset=instead()), late)
            if now > ask:
                if self.server.is_idle(self) and not self._fill_any(beside, wait=0.2) and not done():  # what was sent last may still be on its way
                    raise self.server.nothing_more_comes(str(silence), should, client=self, offset=instead())
                ask = now + ASK_EVERY

    def ended_early(self, should):
        return self.server.failure(self.server.evidence.why_ended(self), should, client=self, closed=True)

    def gets_bytes(self, data):
        """Expect exactly these bytes next."""
        seen, what = 0, shown(data) if len(data) <= 1000 else f"all {len(data):,} bytes"

        def done():
            nonlocal seen
            same = min(len(self.buffer), len(data))
            if self.buffer[seen:same] != data[seen:same]:
                self._got_others(data)
            seen = same
            return seen == len(data)

        self.waits(done, f"{self} gets back {what}", self._silence(data))
        self.did(what, "<-")
        del self.buffer[:len(data)]

    def _silence(self, data):
        def said():
            if self.buffer:
                return f"only {len(self.buffer):,} of {len(data):,} bytes came back to {self}"
            got_it = [other for other in self.server.clients if other is not self and other.has_got(data)]
            return f"nothing came back to {self}" + (f": {got_it[0]} got what {self} had sent" if got_it else "")
        return Later(said)

    def has_got(self, data):
        """Is this among what has come and nobody has looked at?"""
        if self.sock.fileno() >= 0:
            self.takes()
        return data in self.buffer

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
        self.may_end = True
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
            raise self.server.failure(f"{self}'s connection ended with a reset, not with the end of the stream{self._why_reset()}",
                                      f"{self} gets the end of the stream", client=self, closed=True)

    def _why_reset(self):
        unread = self.server.evidence.unread(self)
        return f": the server closed it{unread}" if unread else ""

    # -------------------------------------------------- the same in every lesson's language

    def has_something(self):
        """Has anything come that nobody has looked at yet?"""
        self._fill()
        return bool(self.buffer or self.end)

    def has_come_up_to(self, sent):
        """Has so much come? A client that does not read will not know; one that was cut off will not get it."""
        if not self.reads or self.sock.fileno() < 0:
            return True
        if self.received < sent:
            self.takes()
        return self.received >= sent or bool(self.end)

    def sends_until_stuck(self, most=float("inf")):
        """Send, so many bytes at most, and read nothing, until the server stands in a send to this client."""
        self.did("sends and reads nothing, until the server stands in its send", "--")
        data, patience = b"x" * (1 << 16), self.server.program.patience(WAIT)
        while not patience.is_over() and not self.server.is_sending_to(self) and not (self.sent and self.server.is_quiet()):
            while self.sent < most and select.select([], [self.sock], [], 0)[1]:
                try:
                    self.sent += self.sock.send(data)
                except OSError:
                    return  # the server has ended the connection: another check's business

    def pours(self, data, most):
        """Send this again and again, some `most` bytes, and read nothing, as long as the server takes it."""
        self.stops_reading()
        self.did(f"sends without end: {shown(data[:60] + NEWLINE)} ...", "->")
        view, patience = data, self.server.program.patience(WAIT)
        while self.sent < most and not patience.is_over() and not self._has_been_ended():
            if select.select([], [self.sock], [], ASK_EVERY)[1]:
                try:
                    count = self.sock.send(view)
                except OSError:
                    return  # the server has ended the connection
                self.sent += count
                view, patience = view[count:] or data, self.server.program.patience(WAIT)
            elif self.server.stands_still():
                return

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

    def is_not_kept_waiting(self):
        """The same, whatever else comes: whether one gets one's own alone is another question."""
        self.speaks()
        self.hears_back_at_last()

    def hears_back_at_last(self):
        """Expect the lesson's answer to what was said last, whatever comes before it, and with it."""
        def silence():
            return f"{self} got {shown(bytes(self.buffer))}, and not what it had sent" if self.buffer else str(self._silence(self.token))

        self.waits(lambda: self.token in self.buffer, f"{self} gets back {shown(self.token)}", Later(silence), lambda: self.received - 1 if self.buffer else None)
        self.did(shown(bytes(self.buffer)), "<-")
        self.buffer.clear()


class Later:
    """Text that is made when it is shown."""

    def __init__(self, make):
        self.make = make

    def __str__(self):
        return self.make()

"""The server that a student's client comes to, scripted: it says what it is told, and hears."""

import select
import socket

from .clients import RESET, WAIT
from .evidence import hint_about
from .messages import line, parsed, same
from .story import shown
from .verdict import NotStarted

MOST_UNREAD, MOST_WAITING = 1 << 20, 100_000  # bytes without a newline, and messages, after which a client sends for ever
HEARD = 0.5  # seconds that what was said may take to be received


class Room:
    """A server for one client at a time; what it does and gets goes into the terminal's story."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.sock = None
        self.expects_somebody_new()

    def __str__(self):
        return "the server"

    def did(self, what, arrow="--"):
        self.terminal.story.add("server", arrow, what)

    def close(self):
        """Leave nothing open."""
        self.listener.close()
        if self.sock:
            self.sock.close()

    # -------------------------------------------------- who comes

    def expects_somebody_new(self):
        """Forget the client that was here; those that still wait came before."""
        if self.sock:
            self.sock.close()
        self.sock = None
        while self._accepts():
            self.sock.close()
        self.sock, self.buffer, self.inbox = None, bytearray(), []
        self.received = self.sent = self.said = 0  # bytes, bytes, messages
        self.last, self.last_text = (), "\n"  # the messages that were said last, in one piece; the text of the last one
        self.end = None

    def _accepts(self):
        try:
            self.sock, _ = self.listener.accept()
        except BlockingIOError:
            return False
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.end = None
        return True

    def _fill(self, wait=0.0):
        """Read what is there, waiting for it a moment. A connection that ends before it says anything was a look only; the next one counts."""
        select.select([self.listener if self.sock is None or self.end else self.sock], [], [], wait)
        if self.sock is None or self.end and not self.received:
            if not self._accepts():
                return
            self.did("somebody connects")
        ended = False
        while not self.end and len(self.buffer) <= MOST_UNREAD and select.select([self.sock], [], [], 0)[0]:
            try:
                data = self.sock.recv(1 << 18)
            except OSError:
                data, self.end = b"", "a reset"
            else:
                self.end = None if data else "the end of the stream"
            self.received += len(data)
            self.buffer += data
            ended = bool(self.end)
        while (end := self.buffer.find(b"\n") + 1):
            offset, data = self.received - len(self.buffer), bytes(self.buffer[:end])
            del self.buffer[:end]
            self.did(shown(data), "<-")
            self.inbox.append((offset, self._understood(data, offset)))
        if ended:  # after what came before it
            self.did(self.end, "<-")
        if len(self.buffer) > MOST_UNREAD or len(self.inbox) > MOST_WAITING:
            raise self.failure(f"client.py sends without end: {len(self.inbox):,} messages, and {len(self.buffer):,} bytes without a newline",
                               "a message for each line that is typed", offset=self.received - 1)

    def _understood(self, data, offset):
        message, wrong = parsed(data)
        if wrong:
            raise self.failure(f"the server got a line {wrong}: {shown(data)}",
                               "each line from the client is one JSON object in UTF-8", offset=offset)
        return message

    def failure(self, message, should="", **more):
        return self.terminal.failure(message, should, **more)

    def nobody_came(self, should):
        """Return the Failure of a client that has not connected."""
        program, evidence = self.terminal.program, self.terminal.evidence
        if not program.ended:
            return self.failure(f"the nick was typed, and client.py has not connected{self.terminal.late}", should)
        hint = program.crash and hint_about(program.crash["error"]) or ""
        return self.failure(f"{evidence.how_it_ended()} and has not connected", should, kind=NotStarted, hint=hint)

    # -------------------------------------------------- hearing

    def gets(self, message):
        """Expect a message with these fields next; it may have others."""
        should = f"the server gets {shown(line(message))}"
        offset, got = self._next(should)
        if not has_fields(got, message):
            raise self.failure(f"the server got {shown(line(got))}", should, offset=offset)

    def gets_one_of(self, *messages):
        """Expect one of these messages next, and return which."""
        should = f"the server gets {' or '.join(shown(line(message)) for message in messages)}"
        offset, got = self._next(should)
        for message in messages:
            if has_fields(got, message):
                return message
        raise self.failure(f"the server got {shown(line(got))}", should, offset=offset)

    def _next(self, should):
        def done():
            self._fill(0.02)
            return self.inbox or self.end and self.received

        if self.terminal.waits(done) and self.inbox:
            return self.inbox.pop(0)
        if self.sock is None:
            raise self.nobody_came(should)
        if not self.end and not self.terminal.program.ended:
            if self.buffer:
                raise self.failure(f"client.py sent {shown(bytes(self.buffer[:200]))} without a newline at its end, and no more came",
                                   should, offset=self.received - 1)
            raise self.terminal.nothing_was_done(f"client.py sent nothing for {self.terminal.last_typed}{self.terminal.late}", should)
        ended = self.terminal.program.ends_within(0.2)
        was = self.terminal.evidence.how_it_ended() if ended else "client.py has ended the connection"
        rest = f" inside a line: {shown(bytes(self.buffer[:200]))}" if self.buffer else " without having sent that"
        raise self.failure(f"{was}{rest}", should, closed=True)

    def gets_the_end(self):
        """Expect the end of the connection, and nothing before it."""
        def done():
            self._fill(0.02)
            return self.end or self.inbox

        should = "the client closes the connection and sends nothing before"
        if not self.terminal.waits(done):
            raise self.failure("the client has not closed the connection", should)
        if self.inbox:
            offset, got = self.inbox[0]
            raise self.failure(f"the server got {shown(line(got))}", should, offset=offset)

    def has_something(self):
        """Has a message come that nobody has looked at yet?"""
        self._fill()
        return bool(self.inbox)

    def unheard(self):
        """What has come and nobody has asked for, as the end of a sentence."""
        self._fill()
        return f"; the server got {shown(line(self.inbox[0][1]))}" if self.inbox else ""

    def is_heard(self):
        """Wait a moment until the client has received all that was said."""
        self.terminal.program.watch_until(self.all_is_received, HEARD)

    def all_is_received(self):
        """Has the client received all that was said?"""
        state = self.terminal.program.ask("state")
        return not state or any(one["peer"] == self.port and one["received"] == self.sent for one in state["connections"])

    def is_read(self):
        """Has the client received all that was said, and does it wait for more?"""
        state = self.terminal.program.ask("state")
        if not state:
            return True
        waiting = {thread["peer"] for thread in state["threads"] if thread["call"] == "recv"}
        return any(one["peer"] == self.port and one["received"] == self.sent for one in state["connections"]) and self.port in waiting

    # -------------------------------------------------- speaking

    def says(self, *messages):
        """Send these messages, in one piece."""
        self.terminal.notes_the_prompt()
        for message in messages if len(messages) <= 4 else (*messages[:2], f"... {len(messages) - 3} more ...", messages[-1]):
            self.did(message if isinstance(message, str) else shown(line(message)), "->")
        self.said += len(messages)
        self.last, self.last_text = messages, messages[-1].get("text")
        self._sends(b"".join(map(line, messages)))

    def says_half_a_message(self):
        """Send the beginning of a message."""
        self.did('{"type": "chat", "us (no newline yet)', "->")
        self._sends(b'{"type": "chat", "us')

    def _sends(self, data):
        view, patience = memoryview(data), self.terminal.program.patience(WAIT)
        while view:
            if not select.select([], [self.sock], [], 0.1)[1]:
                if patience.is_over():
                    self.terminal.deadline_passed()
                    raise self.failure(f"client.py stopped reading: {len(view):,} bytes from the server were not taken within {WAIT:g} seconds",
                                       "the client takes what the server sends")
                continue
            try:
                count = self.sock.send(view)
            except BlockingIOError:
                continue
            except OSError:
                self._fill()
                raise self.failure("client.py has ended the connection", "the client takes what the server sends", closed=True) from None
            view = view[count:]
            self.sent += count

    def closes(self):
        """Go away: the client sees the end of the stream."""
        self.terminal.notes_the_screen()
        self._fill()  # closing with something unread would be a reset
        self.did("closes the connection")
        self.sock.close()
        self.end = "closed by us"

    def resets(self):
        """Break the connection off."""
        self.terminal.notes_the_screen()
        self.did("breaks off (reset)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()
        self.end = "closed by us"


def has_fields(got, message):
    """Has it these fields with these values?"""
    return all(name in got and same(got[name], value) for name, value in message.items())

"""Lesson 03: what the server of messages is asked for, rule by rule."""

import json

from lab.course import after, basis
from lab.messages import LONGEST_LINE, line
from test_01_echo import (  # noqa: F401  what the lessons before asked still holds
    test_after_a_reset, test_after_a_reset_before_it_is_served, test_after_a_reset_before_the_answer, test_half_close, test_half_close_while_a_send_is_late,
    test_next_client, test_nobody_comes, test_same_port_again, test_short_sends, test_silence)
from test_02_threads import (  # noqa: F401
    test_ctrl_c, test_hundred_clients, test_own_bytes, test_own_bytes_when_threads_alternate,
    test_client_that_does_not_read, test_own_bytes_when_threads_start_late, test_silent_client, test_threads_end)

FLOOD = 4 << 20  # bytes
MEMORY = 2 << 20  # bytes that a flood may cost
UNREAD = 32 << 20  # bytes that are sent at most when no answer is read

HELLO = {"type": "chat", "text": "hello"}
RUSSIAN = {"type": "chat", "text": "Привет, 🎉 naïve café"}


def test_listens(server):
    """03.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_whole_messages(server):
    """03.1 A message comes back as one message: one JSON object on one line

    json.dumps() makes the line, "\\n" ends it, and both go out as bytes. A line that has
    been received and is served leaves the buffer.
    """
    alice = server.client("alice")
    for message in (HELLO, {"type": "chat", "text": "again"}):
        alice.sends(message)
        alice.gets(message)


def test_in_two_pieces(server):
    """03.1 A message may arrive in pieces, also cut inside a character

    recv() returns what is there: half a message, half a letter, or one message and a half.
    Collect bytes until the newline is there, decode that line only then, and keep what came
    behind it for the next one.
    """
    alice = server.client("alice")
    whole = line(RUSSIAN)
    for cut in (5, whole.index("П".encode()) + 1, whole.index("🎉".encode()) + 2, len(whole) - 1):
        alice.sends_bytes(line(HELLO) + whole[:cut])
        alice.gets(HELLO)  # so the first piece has been read
        alice.sends_bytes(whole[cut:])
        alice.gets(RUSSIAN)
    long = line({"type": "chat", "text": "x" * 3000})
    alice.sends_bytes(line(HELLO) + long[:2000])
    alice.gets(HELLO)
    alice.sends_bytes(long[2000:] + line(HELLO))  # what was looked for in vain in the first piece lies there from here on
    for message in ({"type": "chat", "text": "x" * 3000}, HELLO):
        alice.gets(message)
    alice.sends_bytes(line(HELLO) + b'{"n": 1}\r')  # white space; a line ends at its newline only
    alice.gets(HELLO)
    alice.sends_bytes(b"\n")
    alice.gets({"n": 1})
    alice.is_served()


def test_byte_by_byte(server):
    """03.1 A message may arrive one byte at a time

    Nothing may depend on how much one recv() returns.
    """
    server.receives_at_most(1)
    alice = server.client("alice")
    for message in (HELLO, RUSSIAN):
        alice.sends(message)
        alice.gets(message)


def test_several_in_one_piece(server):
    """03.1 Several messages may arrive in one piece; each is answered

    After the first newline the next message begins: keep the rest for the next call.
    """
    alice = server.client("alice")
    messages = [{"type": "chat", "text": f"number {number}" + "!" * longer} for number, longer in enumerate((40, 0, 20, 1, 30))]
    alice.sends_bytes(b"".join(map(line, messages)))
    for message in messages:
        alice.gets(message)


def test_pause_inside_a_message(server):
    """03.1 A message may arrive in pieces with a long pause between them

    A time-out in recv() says that nothing came, not that what came before is to be forgotten.
    """
    alice = server.client("alice")
    for message in (HELLO, RUSSIAN):
        alice.is_served()
        alice.sends_with_a_pause(message)
        alice.gets(message)


def test_pieces_of_two_clients(server):
    """03.1 The pieces of two clients do not mix

    What has arrived and is not used yet belongs to one connection: one buffer for each.
    """
    alice, bob = server.client("alice"), server.client("bob")
    alice.is_served()
    whole = line(RUSSIAN)
    alice.sends_bytes(line(HELLO) + whole[:20])
    alice.gets(HELLO)
    bob.is_served()
    alice.sends_bytes(whole[20:])
    alice.gets(RUSSIAN)


def test_any_text(server):
    """03.2 Text with newlines, quotes and any Unicode comes back equal

    Let json.dumps() and json.loads() do the quoting, end lines at b"\\n" only
    (str.splitlines() knows other line ends), and encode and decode as UTF-8.
    """
    alice = server.client("alice")
    for text in ("two\nlines", 'a "quote" and a \\', "\ttab\r\n", "Привет", "日本語", "🎉 👩‍👩‍👧", "e\u0301", "\u2028 \u2029 \x85 \x0b \x0c \x1c", "\x00\x7f", "", "{}\\n", "}", "][", '"}{"'):
        for ascii_only in (False, True):
            message = {"type": "chat", "text": text}
            alice.sends_bytes(json.dumps(message, ensure_ascii=ascii_only).encode() + b"\n")
            alice.gets(message)


@after(test_any_text)
def test_half_a_character(server):
    r"""03.2 Each line that comes back is UTF-8, also when a text has an escape like \ud83d, half of a pair, in it

    UTF-8 has no bytes for half of a pair. json.dumps() writes an escape again unless it
    is told ensure_ascii=False; a line that cannot be sent may end the connection.
    """
    alice = server.client("alice")
    alice.sends_bytes(rb'{"type": "chat", "text": "\ud83d"}' + b"\n")
    alice.waits(lambda: alice.has_message() or alice.end, "a message in UTF-8 comes back, or the connection ends", "nothing came back to alice")
    server.client("bob").is_served()


def test_any_object(server):
    """03.2 Every JSON object comes back equal, also an empty or a nested one

    {} is a message, too, though it counts as false: compare with `is not None`.
    """
    alice = server.client("alice")
    for message in ({}, {"a": None, "b": [1, 2.5, True, {"c": "d"}], "e": {}}, {"type": 5}, {"": ""}):
        alice.sends(message)
        alice.gets(message)
    alice.sends_bytes(b'  { "text" :\t"white space" , "n":1 } \r\n')
    alice.gets({"n": 1, "text": "white space"})


def test_longest_message(server):
    """03.3 A message of 65,536 bytes, with its newline, is served

    The limit is for one line, in whatever pieces it comes: not for what one recv() returns,
    or could return, and not for all that waits in the buffer.
    """
    alice = server.client("alice")
    for cut in (None, None, LONGEST_LINE - 1, 1000):
        alice.speaks_exactly(LONGEST_LINE, cut)
        alice.hears_back()
    alice.is_served()


@after(test_longest_message)
def test_longest_message_with_the_next(server):
    """03.3 A message of 65,536 bytes is served, also when the next one arrives right behind it

    Look for the newline first, and measure the line up to there: what stands in the buffer
    may be more than a line.
    """
    alice = server.client("alice")
    longest, token = alice.exactly(LONGEST_LINE), alice.token
    following, last = alice.exactly(1000), alice.token
    alice.sends_bytes(longest[:1000])
    server.takes_all(alice)
    alice.sends_bytes(longest[1000:] + following, reading=True)  # so that no recv() of a round number of bytes ends where the first one does
    for alice.token in (token, last):
        alice.hears_back()


def test_long_message_in_another_alphabet(server):
    """03.3 The limit is one of bytes as they come, not of the same message written otherwise

    json.dumps() by itself writes é with six bytes, \\u00e9; over the wire it came with two.
    """
    alice, message = server.client("alice"), {"type": "chat", "text": "é" * 20_000}
    alice.sends(message)
    alice.gets(message)


def test_many_short_messages(server):
    """03.3 Many short messages at once are no long line

    Look at the length of a line, not of the buffer: it may hold many lines.
    """
    alice = server.client("alice")
    messages = [{"type": "chat", "text": f"{number}" + "x" * 90} for number in range(2000)]
    alice.sends_bytes(b"".join(map(line, messages)), reading=True)
    for message in messages:
        alice.gets(message)


@after(test_longest_message)
def test_line_too_long(server):
    """03.3 A line of more than 65,536 bytes ends that client's connection

    65,537 bytes with the newline are one too many, in whatever pieces they come: close
    this connection. Look once more when the line is whole: its end may come in the very
    piece that makes it too long.
    """
    bob = server.client("bob")
    bob.is_served()
    hello = sized(b'{"type": "chat", "text": "hello', b"x", b'"}\n')
    for data, piece in ((hello, 0), (hello, 1000),
                        (sized(b'{"type": "chat", "text": "', "я".encode(), b'"}\n'), 0),  # fewer characters than bytes
                        (sized(b'{"type": "chat", "text": "hello"}', b" ", b"\n"), 0)):  # a message, if it is cut
        server.receives_at_most(piece)
        mallory = server.client("mallory")
        mallory.is_served()
        mallory.sends_bytes(data, may_end=True)
        mallory.gets_end(reset_is_fine=True)
    bob.is_served()


def sized(start, filling, end):
    """A line of 65,537 or 65,538 bytes."""
    return start + filling * -(-(LONGEST_LINE + 1 - len(start + end)) // len(filling)) + end


@after(test_longest_message)
def test_line_without_end(server):
    """03.3 A line that does not end does not fill the server's memory

    Look at the length while the line grows, not only when its newline has come.
    """
    alice, bob = server.client("alice"), server.client("bob")
    bob.is_served()
    before = server.peak_memory()
    alice.sends_bytes(b'{"type": "chat", "text": "' + b"x" * FLOOD + b'"}\n', may_end=True)
    alice.gets_end(reset_is_fine=True)
    server.has_grown_less_than(MEMORY, before, f"a line of {FLOOD:,} bytes", alice)
    bob.is_served()


@after(test_line_without_end)
def test_memory_when_nothing_is_read(server):
    """03.3 A client that sends and sends, and reads nothing, does not fill the server's memory

    sendall() waits while there is no room, and nothing more is received meanwhile: leave it
    at that. A queue between the two needs a bound, Queue(maxsize=...).
    """
    alice, bob = server.client("alice"), server.client("bob")
    bob.is_served()
    before = server.peak_memory()
    alice.pours(line({"type": "chat", "text": "x" * 1000}) * 60, most=UNREAD)
    server.has_grown_less_than(UNREAD // 2, before, "a client that sent much, and read nothing,", alice)
    bob.is_served()


def test_not_an_object(server):
    """03.4 A line that is not a JSON object ends that client's connection

    json.loads() raises ValueError for what is not JSON; a JSON text that is no object comes
    out as something else than a dict: isinstance(obj, dict). End this connection alone.
    """
    bob = server.client("bob")
    bob.is_served()
    for data in (b"hello\n", b'{"type": "chat", "text": "hello"\n', b'["chat", "hello"]\n', b"[]\n", b'[["type", "chat"]]\n',
                 b'{"type": "chat", "text": "a\tb"}\n',  # no JSON: a tab in a string is written as \t
                 b"{'type': 'chat', 'text': 'hello'}\n",  # Python, perhaps
                 b'{"type": "chat", "text": "hello"} {"type": "chat", "text": "again"}\n', b'{"type": "chat", "text": "hello"} again\n',
                 b"5\n", b'"hello"\n', b"null\n", b"true\n", b"\n", b" \t\n"):
        mallory = server.client("mallory")
        mallory.is_served()
        mallory.sends_bytes(data, may_end=True)
        mallory.gets_end(reset_is_fine=True)
    bob.is_served()


@after(test_not_an_object)
def test_message_before_a_bad_line(server):
    """03.4 A message that comes in one piece with such a line, before it, is served all the same

    Take one line out of the buffer at a time, and handle it before you look at the next.
    """
    alice = server.client("alice")
    alice.sends_bytes(line(HELLO) + b"hello\n", may_end=True)
    alice.gets(HELLO)
    alice.gets_end(reset_is_fine=True)


def test_not_utf8(server):
    """03.4 A line that is not UTF-8 ends that client's connection

    line.decode() raises UnicodeDecodeError, which is a ValueError; do not decode with
    errors="ignore" or "replace". json.loads() of bytes guesses their encoding: decode first.
    """
    bob = server.client("bob")
    bob.is_served()
    for data in (b'{"type": "chat", "text": "\xff"}\n', b'{"type": "chat", "text": "\xc3"}\n',
                 b'{"type": "chat", "text": "\xed\xa0\x80"}\n',  # half a surrogate pair, which UTF-8 has not; see RFC 3629, 3
                 '{"type": "chat", "text": "hello"}\n'.encode("utf-16-be"), '{"type": "chat", "text": "hello"}'.encode("utf-16-le") + b"\n"):
        mallory = server.client("mallory")
        mallory.is_served()
        mallory.sends_bytes(data, may_end=True)
        mallory.gets_end(reset_is_fine=True)
    bob.is_served()


def test_end_inside_a_line(server):
    """03.5 The end of the stream inside a line is a client that has gone: no reply, no crash

    When recv() returns b"", no more will come. A line without its newline is not a
    message, also when it looks complete: drop it and end this connection.
    """
    bob = server.client("bob")
    for what in (b'{"type": "chat", "te', b'{"type": "chat", "text": "all but the newline"}', '{"type": "chat", "text": "П'.encode()[:-1]):
        alice = server.client("alice")
        alice.is_served()
        alice.sends_bytes(what)
        alice.half_closes()
        alice.gets_end(reset_is_fine=True, after_system=False)
    bob.is_served()
    server.had_no_errors("the end of the stream inside a line")


def test_reset_inside_a_line(server):
    """03.5 A reset inside a line is a client that has gone, too

    Catch the OSError in this client's thread.
    """
    alice, bob = server.client("alice"), server.client("bob")
    alice.is_served()
    bob.is_served()
    alice.sends_bytes(b'{"type": "chat", "te')
    server.takes_all(alice)
    alice.resets()
    server.client("carol").is_served()
    bob.is_served()


@after(test_several_in_one_piece)
def test_large_input(server):
    """01.2 4 MiB of messages come back whole, while the client reads and writes at once

    Send each message back before you receive the next one.
    """
    alice = server.client("alice")
    messages = [{"type": "chat", "text": f"{number}".rjust(60_000, "x")} for number in range(70)]
    alice.sends_bytes(b"".join(map(line, messages)), reading=True)
    for message in messages:
        alice.gets(message)

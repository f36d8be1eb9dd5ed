"""Lesson 01: what the echo server is asked for, rule by rule."""

import struct

from lab.course import after, basis
from lab.day import finishes_while_a_send_is_late
from lab.seen import connection_of, reader_of
from lab.submission import words_in
from lab.verdict import Unknown

MEGABYTES_4 = struct.pack(f">{1 << 20}I", *range(1 << 20))
PIECE = b"x" * 4096
OFTEN = 1.0  # seconds; who looks up from recv() so often may look at its clock then
BUFFERS = [1 << power for power in range(6, 17)]  # bytes that programs ask recv() for
COMMANDS = b"quit exit bye q close stop end disconnect leave logout shutdown kill help /quit /exit :q {quit} !disconnect".split()  # of other programs


def test_listens(server):
    """01.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_hello_comes_back(server):
    """01.1 What a client sends comes back

    Send back what recv() returns, at once: do not wait for more than there is.
    """
    alice = server.client("alice")
    alice.sends_bytes(b"hello\n")
    alice.gets_bytes(b"hello\n")


def test_bytes_come_back(server):
    """01.1 Bytes come back unchanged, whatever they are

    Send back what recv() returns as it is: bytes, not text, and nothing in them has a
    meaning: no word is a command. Go on until recv() returns b"".
    """
    alice = server.client("alice")
    for data in (b"hello\n", b"just a word", b"\0", bytes(range(256)), b"\xff\xfe", "Привет".encode(), b" \r\n ", *(bytes([value]) for value in range(256))):
        alice.sends_bytes(data)
        alice.gets_bytes(data)
    for word in (*COMMANDS, *map(str.encode, words_in(server.files))):
        for data in (word, word.upper(), word + b"\n", word.upper() + b"\r\n"):
            alice.sends_bytes(data)
            alice.gets_bytes(data)


def test_many_exchanges(server):
    """01.1 Many exchanges on one connection: each gets its own bytes back

    One recv() returns what is there now, not all that will ever come: loop.
    """
    alice = server.client("alice")
    for number in range(200):
        data = f"{number}:".encode() * (number + 1)
        alice.sends_bytes(data)
        alice.gets_bytes(data)
    for size in BUFFERS:
        alice.sends_bytes(b"x" * size)
        alice.gets_bytes(b"x" * size)
    for _ in range(1000):
        alice.sends_bytes(b".")
        alice.gets_bytes(b".")


def test_nobody_comes(server):
    """01.1 Clients are served also when nobody has come for long

    accept() waits for the next client. With a time-out, if it must have one, it may raise
    TimeoutError, and then there is no new connection: go on waiting.
    """
    for name in ("alice", "bob"):
        server.comes_to_rest()
        server.hours_pass()
        client = server.client(name)
        client.is_served()
        client.closes()


@after(test_nobody_comes)
def test_silence(server):
    """01.1 A client that is silent for long is served when it speaks again

    Only the end of the stream ends a conversation. A time-out on the connection, if
    there must be one, is no reason to hang up: go on waiting. Nor is a clock.
    """
    alice = server.client("alice")
    for _ in range(3):
        server.time_passes()
        server.looks_for_more(alice)
        for hours in "hours", "more hours":  # who looks round now and then may mark her, and hang up the next time
            if server.program.is_at_rest():
                alice.did(f"says nothing for {hours}, as the server's clocks have it")
                server.hours_pass()
                looks_at_its_clock(server, alice)
        alice.is_served()


def looks_at_its_clock(server, client):
    """Wait a moment until those who have woken are through with what they do then, and the client's thread, if it wakes up often, has woken, too."""
    def found_nothing():
        mine = connection_of(client, server.state())
        return mine and mine["found_nothing"]

    reader, before = reader_of(client, server.state()), found_nothing()
    wakes_up = bool(reader) and reader["limit"] is not None and reader["limit"] <= OFTEN
    server.waits_until(lambda: server.program.is_at_rest() and not (wakes_up and found_nothing() == before), 2 * OFTEN)


def test_large_input(server):
    """01.2 4 MiB come back whole, while the client reads and writes at once

    Send each piece back before you receive the next one; keep nothing.
    """
    alice = server.client("alice")
    alice.sends_bytes(MEGABYTES_4, reading=True)
    alice.gets_bytes(MEGABYTES_4)


@after(test_large_input)
def test_late_reader(server):
    """01.2 All of it comes back also when the client reads late, and the system's buffers are full meanwhile

    sendall() waits until there is room. What does not wait, because of setblocking(False)
    or a time-out, has to begin again where it stopped.
    """
    alice = server.slow_client("alice")
    alice.sends_until_stuck(most=1 << 18)
    alice.gets_bytes(b"x" * alice.sent)


def test_short_sends(server):
    """01.2 All of it comes back also when the system takes only a part of what is sent

    send() returns how many bytes the system took, and that may be fewer than you gave
    it. sendall() goes on until all are taken.
    """
    server.sends_at_most(1000)
    alice = server.client("alice")
    for size in (3500, 3500, 60_000):
        alice.speaks(size=size)
        alice.hears_back()


def test_half_close(server):
    """01.3 A client that has finished sending gets the rest and then the end of the stream

    When recv() returns b"", the client has stopped sending, and every further recv()
    returns b"" at once: leave the loop and close the connection. `with conn:` closes it
    on every way out.
    """
    alice = server.client("alice")
    alice.is_served()
    alice.speaks()
    alice.half_closes()
    alice.hears_back()
    alice.gets_end()


@after(test_half_close)
def test_much_and_half_close(server):
    """01.3 The rest may be much: the end of the stream comes after the last byte of it

    Close when recv() has returned b"", not before: what was sent is on its way still.
    """
    alice = server.client("alice")
    data = MEGABYTES_4[:1 << 20]
    alice.sends_bytes(data, reading=True)
    alice.half_closes()
    alice.gets_bytes(data)
    alice.gets_end()


@after(test_half_close, test_late_reader)
def test_late_reader_and_half_close(server):
    """01.3 The rest comes, and then the end of the stream, also when the client has finished sending and reads late

    At the end of the stream there may be bytes for which the system had no room yet: send
    them before you close.
    """
    alice = server.slow_client("alice")
    while alice.sent < 1 << 18 and server.has_sent(alice) == alice.sent:  # just more than there is room for: all of it has been received
        alice.sends_bytes(PIECE)
        server.waits_until(lambda: server.is_sending_to(alice) or server.has_taken_all(alice) and server.program.is_at_rest(), 1)
    alice.half_closes()
    server.waits_until(lambda: server.is_sending_to(alice) or server.program.is_at_rest(), 1)
    alice.gets_bytes(b"x" * alice.sent)
    alice.gets_end()


@after(test_half_close)
def test_half_close_while_a_send_is_late(server):
    """01.3 All of the rest comes, and then the end of the stream, also when the server is late to send it

    Who closes a connection for which another thread sends waits until that one is through.
    """
    alice = server.client("alice")
    alice.is_served()
    tokens = []

    def speaks():
        for _ in range(3):
            alice.speaks()
            tokens.append(alice.token)

    finishes_while_a_send_is_late(alice, speaks)
    for alice.token in tokens:
        alice.hears_back()
    alice.gets_end()


def test_next_client(server):
    """01.4 The next client is served after the first has left

    After a client's end of stream go back to accept().
    """
    for name in ("alice", "bob", "carol"):
        client = server.client(name)
        client.is_served()
        client.closes()
    server.client("dave").closes()  # says nothing at all
    server.client("peggy").is_served()


def test_after_a_reset(server):
    """01.4 The next client is served also when the first left by a reset

    A reset makes recv() or sendall() raise an OSError (ConnectionResetError,
    BrokenPipeError). Catch it where this client is served, so that the others go on.
    """
    alice = server.client("alice")
    alice.is_served()
    alice.resets()
    server.client("bob").is_served()


@after(test_after_a_reset)
def test_after_a_reset_before_it_is_served(server):
    """01.4 The next client is served also when the first had broken off before the server has done anything with it

    accept() returns such a connection like any other, and then each call on it may raise
    an OSError, getpeername() too: leave it to where this client is served.
    """
    carol = server.client("carol")
    carol.is_served()
    carol.closes()
    with server.holds("accept") as hold:
        alice = server.client("alice")
        hold.caught(lambda: server.has_accepted(server.connected) and server.rests())
        alice.resets(unnoticed=True)
    server.notices(alice)
    server.client("bob").is_served()


@after(test_after_a_reset)
def test_after_a_reset_before_the_answer(server):
    """01.4 The next client is served also when the first had gone before its bytes were sent back

    Then it is the send that fails, with a BrokenPipeError, and no recv() tells of it.
    """
    alice = server.client("alice")
    with server.holds("send", alice) as hold:
        alice.speaks()
        hold.caught()
        alice.half_closes()
        alice.resets(unnoticed=True)
    server.notices(alice)
    server.client("bob").is_served()


@after(test_after_a_reset)
def test_after_a_reset_while_sending(server):
    """01.4 The next client is served also when the first was reset while the server was sending to it

    sendall() raises an OSError as well as recv(): catch it for both.
    """
    alice = server.client("alice")
    alice.sends_until_stuck()
    alice.resets(unnoticed=True)
    server.notices(alice)
    server.client("bob").is_served()


def test_same_port_again(server):
    """01.5 Stopped and started again at once, the server gets the same port again

    The system keeps the port of a connection that the server closed for a minute
    (TIME_WAIT). socket.create_server() asks for it all the same; if you bind() by
    hand, set SO_REUSEADDR before it.
    """
    alice = server.client("alice")
    alice.is_served()
    server.is_stopped_with_a_client(alice)
    if alice.end != "a reset" and not server.port_is_kept():
        raise Unknown("the system did not keep the old connection's port, so there was nothing to see")
    server.restart()
    server.client("bob").is_served()

"""Noise: any bytes from one client, and what the contract says becomes of them (lesson 03 and later)."""

import json

from .members import is_chat
from .messages import LONGEST_LINE, line

PLENTY = 60_000  # bytes of a line that is answered for sure: what is said may be longer when it goes to the others
ASKS = {"type": "dance"}  # is answered in every lesson
DEEP = 30_000  # levels: as many as fit into a line, and more than a parser has to take; see RFC 8259, section 9
NOISE = (
    b"\0", b"\xff\xfe", b'{"type": "chat", "text": "\xed\xa0\x80"}', b'{"type": "chat", "text": "\xf0\x9f"}',
    b'{"type": "chat", "text": "\0"}', b'{"type": {"type": "join"}}', b'{"type": "chat", "text": [' + b"[" * 100 + b"]" * 100 + b"]}",
    b'{"type": 1e999}', b'{"type": "chat", "type": "dance"}', b"}" * LONGEST_LINE,
    b"{" + b" " * (LONGEST_LINE - 3) + b"}", b"{" + b" " * (LONGEST_LINE - 2) + b"}", b'"' + b"x" * 200_000)
LEFT_OPEN = (  # by the contract; our own servers stand it
    b"\xef\xbb\xbf{}", rb'{"type": "chat", "text": "\ud83d"}', rb'{"type": "join", "user": "\ud83d"}', rb'{"type": "\udc00", "text": ""}',
    b"[" * DEEP, b'{"type": ' + b"[" * DEEP + b"]" * DEEP + b"}", b'{"a":' * (DEEP // 3), b'{"type": ' + b"9" * 5000 + b"}", b'{"type": NaN}')


def fate(data):
    """What becomes of a client that sends these bytes and a newline: "ends", "goes on", or None, where the contract leaves it open."""
    fates = [fate_of_line(each + b"\n") for each in data.split(b"\n")]
    return next((one for one in ("ends", None) if one in fates), "goes on")


def fate_of_line(data):
    odd = []
    if len(data) > LONGEST_LINE:
        return "ends"
    try:
        text = data.decode()
        message = json.loads(text, parse_constant=odd.append)  # NaN and its like, which are Python's and not JSON
    except RecursionError:
        return None
    except ValueError as error:
        is_open = not data.strip() or data.startswith(b"\xef\xbb\xbf") or "int_max_str_digits" in str(error)
        return None if is_open else "ends"
    if not isinstance(message, dict):
        return "ends"
    surrogates = any("\ud800" <= letter <= "\udfff" for letter in json.dumps(message, ensure_ascii=False))  # half a character each
    return None if odd or surrogates or len(data) > PLENTY or message.get("type") == "leave" else "goes on"


def is_survived(server, pieces, served=True):
    """One client sends these pieces of bytes, and a newline: the others go on, and it is answered when it asks then, or its connection has ended.

    served: has it been served before (and joined)? In the end nothing is left of it.
    """
    before = server.counts()
    bob, mallory = server.client("bob"), server.client("mallory")
    bob.is_served()
    if served:
        mallory.is_served()
        if server.number >= 5:
            server.witness.forgets_system_messages()  # mallory's joining is not to be taken for the leaving
    for piece in pieces:
        mallory.sends_bytes(piece, may_end=True, reading=True)
    mallory.sends_bytes(b"\n", may_end=True, reading=True)
    server.is_through_with(mallory)
    mallory.has_something()
    becomes = fate(b"".join(pieces))
    if becomes == "ends":
        should = "such a line ends that client's connection, and nothing else"
    else:
        should = "the client gets an answer" if becomes else "the client gets an answer, or its connection ends"
        mallory.sends_bytes(line(ASKS), may_end=True)

    def decided():
        answered = becomes != "ends" and is_answered(server, mallory)
        return answered or becomes != "goes on" and mallory.end  # looked at last: the end may have come just now

    mallory.waits(decided, should, "mallory got neither an answer nor the end of the connection")
    bob.speaks()
    if server.number >= 5:
        server.witness.hears_at_last(bob, bob.token)  # what mallory has said with it may come before that or after
        server.witness.inbox[:] = [entry for entry in server.witness.inbox if not is_chat(entry[1])]
    else:
        bob.hears_back()
    if mallory.end and served and server.number >= 5:
        server.witness.is_told_of("mallory", "the others are told that mallory, who was in the room, has gone")
    for client in (bob, mallory):
        if not client.end:
            client.half_closes()
            client.waits(lambda: client.end, f"the server closes {client}'s connection", f"the server did not close {client}'s connection")
        client.sock.close()
    server.is_back_to(before, "they have gone")
    if server.number >= 5:
        server.witness.forgets_system_messages()


def others_survive(server, data):
    """One client sends this line, of which the contract does not say what becomes of it: the others go on."""
    bob, mallory = server.client("bob"), server.client("mallory")
    mallory.sends_bytes(data + b"\n", may_end=True, reading=True)
    server.is_through_with(mallory)
    bob.is_served()
    for client in (bob, mallory):
        client.closes()


def is_answered(server, client):
    """Has a message come that answers ASKS?"""
    client.has_message()
    return any(message == ASKS if server.number == 3 else message.get("type") == "system" for _, message in client.inbox)

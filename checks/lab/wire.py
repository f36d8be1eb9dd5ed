"""What comes over one connection when a sender or a reader is late (lesson 10)."""

import contextlib

from .clients import WAIT
from .day import meet
from .evidence import place
from .faults import points
from .members import is_chat
from .messages import line


@contextlib.contextmanager
def cut_in_two(server, receiver, first, second, point=1):
    """first() makes the server send to the receiver; the thread that does is late in the middle of it, and second() comes in between.

    Inside of this what has come is looked at; gives whether a thread was held.
    """
    receiver.has_message()
    receiver.inbox.clear()
    with server.holds("piece", receiver, point) as hold:
        first()
        held = hold.caught(receiver.has_message, seconds=WAIT)
        if held:
            receiver.did(f"has got half of a message: the send of it is late just now, at {place(held.where)}")
            second()
            server.waits_until(lambda: server.rests(but=held), WAIT)
    if not held:
        second()
    with server.pointing_to(held.where, f"was late here, in the middle of a message to {receiver}, and the others went on"):
        yield held


def all_comes_when_its_sender_is_late(server, more=""):
    """Members talk, and the thread that has just sent something to bob is late, at one point after the other; bob hears them all."""
    alice, bob, carol = meet(server, "alice", "bob", "carol")
    for point in points():
        bob.has_message()
        said = []
        with server.holds("sent", bob, point) as hold:
            for sender in (alice, carol):  # the second wakes a writer that has come to wait
                says(sender, f"{point} from {sender} {more}", said)
                held = hold.caught(server.rests, seconds=1)
                if held:
                    break
            if held:
                bob.did(f"is sent nothing more for a moment: the thread that sends to him is late, at {place(held.where)}")
                says(carol, f"{point} at last {more}", said)
                server.waits_until(lambda: server.rests(but=held), 1)
        with server.pointing_to(held.where, "was late here, when there was something new for bob"):
            for sender, text in said:
                bob.hears_at_last(sender, text)
        if not held:
            return


def all_comes_when_a_reader_is_late(server, more):
    """Members talk, and the thread that has just read what one of them says is late, at one point after the other; bob hears them all."""
    alice, bob, carol = meet(server, *(f"{name} again" for name in ("alice", "bob", "carol")))
    for point in points():
        text, other = f"{point} from alice {more}", f"{point} from carol"
        whole = line({"type": "chat", "text": text})
        alice.sends_bytes(whole[:-10])
        server.takes_all(alice)
        with server.holds("recv", alice, point) as hold:
            alice.sends_bytes(whole[-10:])
            held = hold.caught(server.rests, seconds=1)
            if held:
                alice.did(f"is served by a thread that is late just now, at {place(held.where)}")
                carol.says(other)
                server.waits_until(lambda: server.rests(but=held), 1)
        with server.pointing_to(held.where, "was late here, when there was something new for bob"):
            for member in (bob, server.witness):  # the first to whom it is sent may be either
                member.hears_at_last(alice, text)
                if held:
                    member.hears_at_last(carol, other)
        if not held:
            return


def says(sender, text, said):
    sender.says(text)
    said.append((sender, text))


def has_come(text, member):
    return member.has_message() and any(is_chat(message) and message["text"] == text for _, message in member.inbox)

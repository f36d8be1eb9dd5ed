"""What the pictures are drawn from: runs of the course's programs, watched as the checks watch a student's."""

import contextlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
sys.path.insert(0, str(TOP / "checks"))

from lab.picture import short  # noqa: E402
from lab.seen import reader_of  # noqa: E402
from lab.server import Server  # noqa: E402
from lab.submission import Submission  # noqa: E402

PICTURES = {}  # name -> the function that draws it


def picture(function):
    """This function returns a picture; its name is the file's, without the first letter."""
    PICTURES[function.__name__[1:]] = function
    return function


@contextlib.contextmanager
def running(lesson, changes={}):
    """A lesson's finished server, running, with these changes, {old: new}, in its file."""
    files = Submission(TOP / "solutions").files(lesson)
    source = files["server.py"].decode()
    for old, new in changes.items():
        seen(source.count(old) == 1, f"{old} in {lesson}")
        source = source.replace(old, new)
    server = Server(files | {"server.py": source.encode()}, lesson)
    try:
        yield server.start()
    finally:
        server.stop()


def seen(condition, words):
    """The run is to be as the picture has it. Raises AssertionError."""
    if not condition:
        raise AssertionError(f"not seen: {words}")


def last(client):
    """The last message that this client sent or got, in a few words."""
    return short(next(step.what for step in reversed(client.server.story.steps) if step.who == client.name and step is not client.ended))


def room(server, *names):
    """These have joined, and all is said about it."""
    members = [server.client(name).joins() for name in names]
    for one in members:
        server.is_through_with(one)
    server.comes_to_rest()
    for one in members:
        one.forgets_system_messages()
    return members


def thread_of(server, client):
    """The facts about the thread that reads from this client, and about no other: None when it has ended."""
    return reader_of(client, server.ask("state"))


def waits_in(server, call, client=None):
    """Expect that the thread of this client, or the main thread, comes to wait in this call."""
    def there():
        thread = thread_of(server, client) if client else next(one for one in server.ask("state")["threads"] if one["main"])
        return thread and thread["call"] == call
    seen(server.waits_until(there, 5), f"{client or 'the main thread'} in {call}")


def point_before(server, line):
    """At which point after its recv() a joining client's thread comes to this line of the program."""
    number = next(number for number, text in enumerate(server.files["server.py"].decode().splitlines(), 1) if line in text)
    for point in range(1, 60):
        probe = server.client("probe")
        with server.holds("recv", probe, point) as hold:
            probe.asks_for("probe")
            held = hold.caught(probe.has_something)
        probe.is_told("an answer")
        probe.leaves()
        probe.gets_end()
        server.settles(*server.counts())
        if held and held[0]["where"][0][1] == number:
            return point
    raise AssertionError(f"not seen: a thread before {line}")

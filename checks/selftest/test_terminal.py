"""The terminal of a student's client, and the room that it finds, by themselves."""

import os
import threading

import pytest
from lab.terminal import Screen, Terminal
from lab.verdict import Failure, NotStarted
from typed import TOP

UTILS = (TOP / "solutions/06_client/utils.py").read_bytes()
CLIENT = (TOP / "solutions/06_client/client.py").read_text()
JOIN = {"type": "join", "user": "alice"}


def system(text):
    return {"type": "system", "text": text}


@pytest.fixture
def start():
    """Start a client from its source, as alice; everything is stopped afterwards."""
    terminals = []

    def start(source=CLIENT):
        terminal = Terminal({"client.py": source.encode(), "utils.py": UTILS}, "06_client")
        terminals.append(terminal)
        terminal.starts("alice")
        return terminal

    yield start
    for terminal in terminals:
        terminal.stop()


def screen(*pieces):
    screen = Screen()
    for piece in pieces:
        screen.takes(piece if isinstance(piece, bytes) else piece.encode())
    return screen.lines, screen.open


@pytest.mark.parametrize("pieces, lines, rest", [
    (["one\ntwo"], ["one"], "two"),
    (["> ", "\rbob: hi\n> "], ["bob: hi"], "> "),
    (["alice and more> ", "\rbob: hi\n"], ["bob: hind more> "], ""),
    (["alice> ", "\r\x1b[Kbob: hi\n"], ["bob: hi"], ""),
    (["alice> ", "\x1b[2K\rbob: hi\n"], ["bob: hi"], ""),
    (["\x1b[1;3", "1mbob\x1b[0m: hi\r\n"], ["bob: hi"], ""),
    (["12\b3\a\n"], ["13"], ""),
    ([b"\xd0", b"\x96\n"], ["Ж"], ""),
    (["a\tb\n\n"], ["a\tb", ""], "")])
def test_what_a_terminal_shows(pieces, lines, rest):
    assert screen(*pieces) == (lines, rest)


def test_a_prompt_is_no_part_of_a_message(start):
    client = start(CLIENT.replace('input("nick: ")', 'input("nick: ")\n    print("alice> ", end="", flush=True)'))
    client.room.gets(JOIN)
    for number in range(5):
        client.room.says(system(f"number {number}"))
        client.shows(f"number {number}")


@pytest.mark.parametrize("before, after", [("* ", ""), ("None: ", ""), ("", " (12:30)"), ("{'text': '", "'}")])
def test_what_stands_round_a_message_is(start, before, after):
    client = start(CLIENT.replace('show(f"{text}")', f"print({before!r} + text + {after!r})"))
    client.room.gets(JOIN)
    with pytest.raises(Failure, match="client.py printed"):
        for number in range(3):
            client.room.says(system(f"number {number}"))
            client.shows(f"number {number}")
    assert client.deadlines == 0


def test_a_message_twice(start):
    client = start(CLIENT.replace('show(f"{text}")', "print(text)\n                    print(text)"))
    client.room.gets(JOIN)
    client.room.says(system("one"), system("two"))
    with pytest.raises(Failure, match="printed 'one' once more"):
        client.shows_all(["one", "two"])


def test_our_client_stands_half_a_character(start):
    client = start(CLIENT)
    client.room.gets(JOIN)
    client.room._sends(b'{"type": "chat", "user": "bob", "text": "\\ud800"}\n')
    client.shows("bob: \\ud800")


def test_idle_is_told_at_once(start):
    client = start(CLIENT.replace("        if text:\n", "        if text == 'never':\n"))
    client.room.gets(JOIN)
    client.types("hi")
    with pytest.raises(Failure, match="client.py sent nothing for 'hi', and will not: each of its threads waits") as caught:
        client.room.gets({"type": "chat", "text": "hi"})
    words = [spot["what"] for spot in caught.value.where]
    assert client.deadlines == 0 and words[0] == "is run for 'hi', tried once more" and "waits for something to be typed" in words


def test_idle_is_proved_not_guessed(start):
    """A client that prints late is not idle, whatever its threads look like meanwhile."""
    client = start(CLIENT.replace('show(f"{text}")', "threading.Timer(0.7, print, (text,)).start()"))
    client.room.gets(JOIN)
    client.room.says(system("late"))
    client.shows("late")


def test_lines_are_typed_one_at_a_time(start):
    client = start("import os\nos.read(0, 100)\nwhile True:\n    print(os.read(0, 100), flush=True)\n")
    for text in ("", "one", "two"):
        client.types(text)
    for text in (r"b'\n'", r"b'one\n'", r"b'two\n'"):
        client.shows_all([text])


def test_a_look_at_the_server_is_no_client(start):
    client = start(CLIENT.replace("    try:\n        sock =", "    socket.create_connection((HOST, PORT)).close()\n    try:\n        sock ="))
    client.room.gets(JOIN)


@pytest.mark.parametrize("host, port", [("127.0.0.1", 8080), ("127.0.0.2", 9090)])
def test_another_address(start, host, port):
    client = start(CLIENT.replace('"127.0.0.1", 9090', f"{host!r}, {port}"))
    with pytest.raises(Failure, match=f"connects to {host}:{port}") as caught:
        client.connects_to("127.0.0.1", 9090)
    assert caught.value.where[0]["file"] == "client.py"


def test_localhost_is_127_0_0_1(start):
    client = start(CLIENT.replace('"127.0.0.1", 9090', '"localhost", 9090'))
    client.connects_to("127.0.0.1", 9090)
    client.room.gets(JOIN)


@pytest.mark.parametrize("source, words", [
    ("", "ended"), ("import numpy_of_mine\n", "ModuleNotFoundError"), ("exit(3)\n", r"sys.exit\(3\)"), ("input()\n1 / 0\n", "ZeroDivisionError")])
def test_clients_that_end(start, source, words):
    client = start(source)
    with pytest.raises(NotStarted, match=words):
        client.room.gets(JOIN)


def test_started_again_it_is_somebody_new(start):
    client = start()
    client.room.gets(JOIN)
    client.types("left behind")
    client.starts("alice")
    client.room.gets(JOIN)
    client.types("/quit")
    client.ends(within=5, code=0)
    client.room.gets({"type": "leave"})
    client.room.gets_the_end()


def test_no_threads_or_descriptors_of_ours_are_left(start):
    def count():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc here")
    for _ in range(2):  # the first start of all opens what stays open, the way to the process that programs are forked from; or finds that it has been ended
        start("").stop()
    before = count()
    for source in (CLIENT, "import time\ntime.sleep(60)\n"):
        client = start(source)
        if source == CLIENT:
            client.room.gets(JOIN)
        client.program.types(b"x" * 200_000 + b"\n")  # more than a pipe takes
        client.stop()
        client.starts_without_a_server("alice")
        client.stop()
    assert count() == before

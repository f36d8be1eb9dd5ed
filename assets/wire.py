"""The pictures of lessons 01 to 06, which are about what goes over the wire, and of the chat itself."""

import contextlib
import importlib.util
import socket

from .runs import TOP, last, picture, running, seen, waits_in  # and where the harness is

from lab.picture import Canvas, Sequence
from lab.submission import Submission
from lab.terminal import Terminal

LAST = "11_shutdown"  # the lesson whose programs are the finished chat


@picture
def _01_echo():
    with running("01_echo") as server:
        drawn = Sequence("A conversation: accept, recv until the end, close", {"client": "client", "server": "server"}, 420)
        waits_in(server, "accept")
        drawn.did("server", "accept() waits", mono=True)
        client = server.client("client")
        drawn.arrow_between("client", "server", "connects")
        waits_in(server, "recv", client)
        drawn.did("server", "recv() waits", mono=True)
        client.sends_bytes(b"hello\n")
        drawn.arrow_between("client", "server", last(client))
        client.gets_bytes(b"hello\n")
        drawn.arrow_between("server", "client", last(client), "blue")
        waits_in(server, "recv", client)
        drawn.did("server", "recv() waits", mono=True)
        client.half_closes()
        drawn.arrow_between("client", "server", "has no more to send")
        drawn.did("server", 'recv() returns b""', "ambertint", "amber", mono=True)
        client.gets_end()
        drawn.arrow_between("server", "client", "the end of the stream", "blue")
        waits_in(server, "accept")
        drawn.did("server", "accept() waits", mono=True)
        return drawn.svg()


@picture
def _02_threads():
    with running("02_threads") as server:
        drawn = Sequence("A thread for each: nobody waits for alice", {
            "alice": "alice", "of alice": "thread of alice", "main": "main thread", "of bob": "thread of bob", "bob": "bob"})
        waits_in(server, "accept")
        drawn.did("main", "accept() waits", mono=True)
        people = {}
        for name in ("alice", "bob"):
            people[name] = server.client(name)
            drawn.arrow_between(name, "main", "connects")
            waits_in(server, "recv", people[name])
            waits_in(server, "accept")
            drawn.arrow_between("main", f"of {name}", "start()", "green")
            drawn.did(f"of {name}", "recv() waits", mono=True)
            drawn.did("main", "accept() waits", beside=True, mono=True)
            drawn.begins(f"of {name}", "amber")
        people["bob"].sends_bytes(b"hello\n")
        drawn.arrow_between("bob", "of bob", last(people["bob"]))
        people["bob"].gets_bytes(b"hello\n")
        drawn.arrow_between("of bob", "bob", last(people["bob"]), "blue")
        waits_in(server, "recv", people["alice"])
        drawn.did("of alice", "recv() still waits", "ambertint", "amber", mono=True)
        return drawn.svg()


@picture
def _03_messages():
    sends = [b'{"n": 1}\n', b'{"n": 2}\n', '{"t": "caf\u00e9"}\n'.encode()]
    arrived, made = [], []

    class Wire:
        """A connection that notes what each recv() returns."""
        def __init__(self, sock, sizes):
            self.sock, self.sizes = sock, iter(sizes)

        def recv(self, size):
            arrived.append(self.sock.recv(min(size, next(self.sizes))))
            return arrived[-1]

    utils = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("utils", TOP / "solutions" / "03_messages" / "utils.py"))
    spec.loader.exec_module(utils)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as sender:
        receiver, _ = listener.accept()
        with receiver:
            for data in sends:
                sender.sendall(data)
            buffer, wire = bytearray(), Wire(receiver, (12, 17, 30))
            while receiver.recv(100, socket.MSG_PEEK) != b"".join(sends):
                pass
            sender.shutdown(socket.SHUT_WR)
            for _ in range(3):
                made.append(utils.recv_json(wire, buffer))
    whole = b"".join(sends)
    seen(b"".join(arrived) == whole and len(made) == 3 and len(arrived) == 3, "three receives, three messages")
    drawn, cell, x0 = Canvas("The stream has bytes; the messages are made by us"), 27, 178
    drawn.text(24, 44, drawn.title, size=24, bold=True)
    rows = (("3 sendall()", sends, "tint", None), ("the stream", None, None, None), ("3 recv()", arrived, "bluetint", "blue"),
            ("3 messages", whole.splitlines(True), "greentint", "green"))
    for number, (label, pieces, color, edge) in enumerate(rows):
        y = 100 + number * 74
        drawn.text(24, y + 6, label, bold=True, size=18)
        at = 0
        for piece in pieces or ():
            drawn.box(x0 + at * cell + 2, y - 20, len(piece) * cell - 4, 40, color, edge or "pale")
            at += len(piece)
        for at, byte in enumerate(whole):
            shown = chr(byte) if 32 < byte < 127 else {10: "\\n", 32: "\u2423"}.get(byte, f"{byte:02x}")
            drawn.text(x0 + at * cell + cell / 2, y + 6, shown, "red" if byte > 126 else "amber" if byte == 10 else "ink", "middle", 17 if len(shown) < 2 else 14, mono=True)
    drawn.text(x0, 100 + 4 * 74 - 24, "c3 a9 are the two bytes of \u00e9: cut apart on the way, whole again in the message", "pale", size=17)
    drawn.description = (f"One row of {len(whole)} bytes, four times. Sent in 3 pieces, received in 3 others, one of which ends inside the letter \u00e9, "
                         "and cut at each newline into 3 messages.")
    return drawn.svg()


@picture
def _04_join():
    with running("04_join") as server:
        drawn = Sequence("What a message means depends on the state of the connection", {"alice": "alice", "thread": "thread of alice"}, 560)
        alice = server.client("alice")
        drawn.did("thread", "nick is None", mono=True)

        def says(message, color="blue"):
            alice.sends(message)
            drawn.arrow_between("alice", "thread", last(alice))
            alice.next_message("an answer")
            drawn.arrow_between("thread", "alice", last(alice), color)

        says({"type": "chat", "text": "hi"}, "red")
        says({"type": "join", "user": " alice "})
        drawn.did("thread", "nick is 'alice'", "greentint", "green", mono=True)
        drawn.begins("thread", "green")
        says({"type": "chat", "text": "hi"})
        says({"type": "join", "user": "bob"}, "red")
        says({"type": "chat", "text": "still here"})
        alice.leaves()
        drawn.arrow_between("alice", "thread", last(alice))
        alice.gets_end()
        drawn.ends("thread", "green")
        drawn.arrow_between("thread", "alice", "the end of the stream", "blue")
        return drawn.svg()


@picture
def _05_broadcast():
    with running("05_broadcast") as server:
        alice, carol, bob = (server.client(name).joins() for name in ("alice", "carol", "bob"))
        for one in (alice, carol, bob):
            server.is_through_with(one)
        drawn = Sequence("One says it, and one thread sends it to all the others",
                         {"bob": "bob", "thread": "thread of bob", "alice": "alice", "carol": "carol"})
        holds = [server.holds("send", one) for one in (alice, carol)]
        bob.says("hi all")
        drawn.arrow_between("bob", "thread", last(bob))
        drawn.begins("thread", "blue")
        for one, hold in zip((alice, carol), holds):
            held, = hold.caught()
            seen(server.is_reader_of(bob, held), f"the thread that sends to {one} is bob's")
            hold.release()
            one.hears(bob, "hi all")
            drawn.arrow_between("thread", one.name, last(one), "blue")
        drawn.ends("thread", "blue")
        alice.says("hi bob")
        bob.hears(alice, "hi bob")  # and nothing of his own before it
        drawn.did("thread", "and nothing back to bob")
        return drawn.svg()


@picture
def _06_client():
    terminal = Terminal(Submission(TOP / "solutions").files("06_client"), "06_client")
    try:
        host = terminal.room
        drawn = Sequence("Two waits, two threads: keyboard and network", {
            "user": "keyboard, screen", "main": "main thread", "listener": "listener thread", "server": "server"})
        terminal.starts("alice")
        drawn.arrow_between("user", "main", "alice")
        host.gets({"type": "join", "user": "alice"})
        drawn.arrow_between("main", "server", "join alice")
        host.is_heard()

        def both_wait():
            calls = {thread["main"]: thread["call"] for thread in terminal.program.ask("state")["threads"]}
            return calls == {True: "input", False: "recv"}
        seen(terminal.program.watch_until(both_wait, 5), "both threads wait")
        drawn.did("main", "waits for a line")
        drawn.did("listener", "recv() waits", beside=True, mono=True)
        drawn.begins("main", "amber")
        drawn.begins("listener", "amber")
        host.says({"type": "chat", "user": "bob", "text": "hi alice"})
        drawn.arrow_between("server", "listener", "chat bob: hi alice", "blue")
        terminal.shows("bob: hi alice")
        drawn.arrow_between("listener", "user", "bob: hi alice", "blue")
        terminal.types("hi bob")
        drawn.arrow_between("user", "main", "hi bob")
        host.gets({"type": "chat", "text": "hi bob"})
        drawn.arrow_between("main", "server", "chat hi bob")
        terminal.types("/quit")
        drawn.arrow_between("user", "main", "/quit")
        drawn.ends("main", "amber")
        host.gets({"type": "leave"})
        drawn.arrow_between("main", "server", "leave")
        drawn.arrow_between("main", "listener", "shutdown()", "green")
        drawn.did("listener", 'recv() returns b""', mono=True)
        drawn.ends("listener", "amber")
        terminal.ends(code=0)
        drawn.arrow_between("listener", "main", "join()", "green")
        drawn.did("main", "ends: exit code 0")
        return drawn.svg()
    finally:
        terminal.stop()


@picture
def _chat():
    """The chat on the screen: a server and three people, at real terminals."""
    names, screens = ("alice", "bob", "carol"), {}

    def typed(who, text, *others):
        people[who].types(text)
        screens[who].append((text, True))
        for other in others:
            appears(other, f"{who}: {text}")

    def appears(who, text):
        people[who].shows(text)
        screens[who].append((text, False))

    files = Submission(TOP / "solutions").files(LAST)
    with running(LAST) as server, contextlib.ExitStack() as stack:
        people = {name: Terminal(files, LAST) for name in names}
        for number, name in enumerate(names):
            stack.callback(people[name].stop)
            people[name]._start(server.port)
            people[name].types(name)
            screens[name] = [("$ python client.py", True), (f"nick: {name}", True)]
            for other in names[:number + 1]:
                appears(other, f"{name} has joined")
        typed("alice", "hello, is anybody here?", "bob", "carol")
        typed("bob", "we are", "alice", "carol")
        typed("carol", "nice to read you", "alice", "bob")
        typed("bob", "must go, bye", "alice", "carol")
        typed("bob", "/quit")
        people["bob"].ends(code=0)
        screens["bob"].append(("$", False))
        for other in ("alice", "carol"):
            appears(other, "bob has left")
        typed("alice", "and then there were two", "carol")
        seen(server.waits_until(lambda: "\n" in server.program.output, 5), "the server's greeting")
        screens = {"the server": [("$ python server.py", True), (server.program.output.splitlines()[0], False)]} | screens
    drawn = Canvas("Chat Lab: a server and three people", "; ".join(
        f"{name}'s screen: {' / '.join(text for text, _ in screen)}" for name, screen in screens.items()))
    wide, row = 470, 27
    tall = 62 + row * max(map(len, screens.values()))
    for number, (name, screen) in enumerate(screens.items()):
        x, y = 24 + number % 2 * (wide + 24), 24 + number // 2 * (tall + 24)
        drawn.box(x, y, wide, tall, "tint", "pale", 10)
        drawn.text(x + wide / 2, y + 27, name, "pale", "middle", 17, bold=True)
        for at, color in enumerate(("red", "amber", "green")):
            drawn.add(f'<circle class="{color} fill" cx="{x + 22 + 20 * at}" cy="{y + 21}" r="6"/>')
        for at, (text, by_hand) in enumerate(screen):
            drawn.text(x + 18, y + 66 + row * at, text, "blue" if by_hand else "ink", size=17, mono=True)
    return drawn.svg()

"""What the notebooks share: a server and its clients in one cell, and ways to look at both.

The code of the course comes from the files in `solutions`. Threads never print (where
that would land, nobody knows): the cell prints what it has waited for. Every wait has
an end, ports are free ones and never shown, and a `with` leaves no thread behind.
"""

import base64
import contextlib
import html
import importlib
import inspect
import json
import queue
import re
import select
import socket
import struct
import sys
import tempfile
import textwrap
import threading
import time
import types
from pathlib import Path

from IPython.display import HTML, Markdown, display

TOP = Path(__file__).resolve().parent.parent
PATIENCE = 30  # seconds that a wait may take before the cell fails; none takes one
MOMENT = 0.3  # seconds of silence that we look at, where it is certain that nothing can come
SMALL = 4096  # bytes, for SO_SNDBUF and SO_RCVBUF; the system takes it for twice that
RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # for SO_LINGER: close() is a reset
used = {"notebooks/classroom.py"}  # the files that a notebook was made with, for its stamp


# ------------------------------------------------------------------ the course's code

def solution(lesson, file="server.py", instead=None):
    """A finished program of the course as a module of its own, which prints nothing; instead: {old: new} in the file's text."""
    sources = {name: text for name, text in files(lesson, file, instead or {}).items() if name in ("utils.py", file)}
    try:
        for name in sorted(sources, key=lambda name: name == file):
            module = types.ModuleType(Path(name).stem)
            module.__file__ = str(TOP / "solutions" / lesson / name)
            module.print = lambda *words: None
            sys.modules[module.__name__] = module  # the program imports `utils` by this name
            exec(compile(sources[name], module.__file__, "exec"), module.__dict__)
    finally:
        for name in ("utils", Path(file).stem):
            sys.modules.pop(name, None)
    return module


def files(lesson, file, instead, folder="solutions"):
    """{name: text} of a lesson's programs, with these changes, {old: new}, in one of them. Raises ValueError when there is no such text, once."""
    texts = {}
    for path in sorted((TOP / folder / lesson).glob("*.py")):
        used.add(path.relative_to(TOP).as_posix())
        texts[path.name] = path.read_text(encoding="utf-8")
    for old, new in instead.items():
        if texts[file].count(old) != 1:
            raise ValueError(f"{lesson}/{file} no longer holds this, once: {old}")
        texts[file] = texts[file].replace(old, new)
    return texts


def show(thing, begin=None, lines=None):
    """Show a function of a solution as it stands in its file, or so many lines of it, from the one that contains `begin` on."""
    source = inspect.getsource(thing).rstrip().splitlines()
    if begin:
        first = next(number for number, line in enumerate(source) if begin in line)
        source = source[first:first + lines]
    path = Path(inspect.getsourcefile(thing)).relative_to(TOP).as_posix()
    code = textwrap.dedent("\n".join(source))
    display(Markdown(f"```python\n{code}\n```\n\n*from `{path}`*"))


def picture(name):
    """Show a picture of `assets`; it brings its own words for those who do not see it."""
    path = TOP / "assets" / f"{name}.svg"
    used.add(path.relative_to(TOP).as_posix())
    drawing = path.read_bytes()
    title, words = (re.search(f"<{tag}>(.*?)</{tag}>", drawing.decode(), re.S)[1] for tag in ("title", "desc"))
    code = base64.b64encode(drawing).decode()
    # Inside the page, as data: wherever the notebook is opened, the picture is there.
    display(HTML(f'<img alt="{html.escape(html.unescape(f"{title}. {words}"))}" src="data:image/svg+xml;base64,{code}">'))


def until(condition, what="this"):
    """Wait until condition() is true. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen")
        time.sleep(0.002)


def waits(thread):
    """Wait until this thread is blocked in a call: the system has it asleep, again and again, while the interpreter would let it run."""
    asleep([Path(f"/proc/self/task/{thread.native_id}/stat")])


def asleep(stats):
    """Wait until the threads with these files in /proc sleep, for ten looks in a row; where there is no /proc, for a moment."""
    looks = 0
    if not all(stat.exists() for stat in stats):
        time.sleep(MOMENT)
        return
    deadline = time.monotonic() + PATIENCE
    while looks < 10:
        if time.monotonic() > deadline:
            raise TimeoutError("a thread does not come to wait")
        time.sleep(0.005)
        looks = looks + 1 if all(stat.read_text().rpartition(")")[2].split()[0] == "S" for stat in stats) else 0


# ------------------------------------------------------------------ a server and its clients

class Server:
    """A server for the length of a `with`: it accepts, as main() of the lessons does, and lets `handle_client` do the rest.

    at_once: each client has a thread of its own (else one is served after another).
    small: names of clients for whom the system keeps a few thousand bytes only, until they read (for the others some millions).
    """

    def __init__(self, handle_client, at_once=True, small=()):
        self.handle_client, self.at_once, self.small = handle_client, at_once, small
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.listener.settimeout(0.05)  # looks up now and then, whether it is over
        self.over, self.arrivals, self.others = threading.Event(), queue.Queue(), set(threading.enumerate())
        self.threads, self.conns, self.clients, self.died = {}, {}, [], []
        self.main = threading.Thread(target=self._accept, name="main thread")

    def __enter__(self):
        self.main.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for client in self.clients:
            client.sock.close()
        deadline = time.monotonic() + PATIENCE
        while (left := set(threading.enumerate()) - self.others) and time.monotonic() < deadline:
            for conn in list(self.conns.values()):  # one may have come just now
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in recv() or sendall()
            time.sleep(0.002)
        for sock in [self.listener, *self.conns.values()]:
            sock.close()
        print(f"(over; threads left: {', '.join(thread.name for thread in left) or 'none'})")

    def _accept(self):
        while not self.over.is_set():
            try:
                conn, addr = self.listener.accept()
            except TimeoutError:
                continue
            conn.settimeout(None)
            self.conns[addr] = conn
            if self.at_once:
                thread = threading.Thread(target=self._serve, args=(conn, addr))
                self.arrivals.put((thread, conn))
                thread.start()
            else:
                self._serve(conn, addr)

    def _serve(self, conn, addr):
        try:
            self.handle_client(conn, addr)
        except Exception as error:  # would end the thread with a traceback
            self.died.append(f"{threading.current_thread().name} died of {type(error).__name__}: {error}")

    def client(self, name):
        """Connect a client; return it when the server has accepted it, unless that may take."""
        client = Client(name, connected(self.listener.getsockname(), name in self.small))
        self.clients.append(client)
        if self.at_once:
            thread, client.conn = self.arrivals.get(timeout=PATIENCE)
            thread.name, self.threads[name] = f"the thread of {name}", thread
            if name in self.small:
                client.conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        return client

    def stands(self, name):
        """The line of the course's, or of this notebook's, at which the thread of this client stands, or that it has ended."""
        frame = sys._current_frames().get(self.threads[name].ident)
        while frame:
            source = inspect.getframeinfo(frame).code_context
            inner = "socket.py" in frame.f_code.co_filename or "threading.py" in frame.f_code.co_filename
            if source and not inner:
                return source[0].strip()
            frame = frame.f_back
        return "has ended"

    def stuffs(self, talker, sleeper):
        """Let one member say more than fits into the (small) connection of another, who reads nothing: the server waits in that send."""
        print(f"{talker.name} -> a chat of 60,000 letters; {sleeper.name} reads nothing")
        talker.says_much(1)
        until(lambda: "sendall" in self.stands(talker.name) and not select.select([], [sleeper.conn], [], 0)[1])


class Client:
    """One end of a connection, at work in the cell. What it does and gets is printed, as in the reports of the checks."""

    def __init__(self, name, sock):
        self.name, self.sock, self.buffer = name, sock, bytearray()
        self.conn = None  # the server's end

    def sends(self, message):
        """Send bytes as they are, or a message as a line."""
        data = message if isinstance(message, bytes) else line(message)
        print(f"{self.name} -> {data!r}" if message is data else f"{self.name} -> {data.decode()}", end="\n" if message is data else "")
        self.sock.sendall(data)

    def joins(self, nick=None):
        self.sends({"type": "join", "user": nick or self.name})

    def says(self, text):
        self.sends({"type": "chat", "text": text})

    def says_much(self, number):
        """Say something of 60,000 letters, and print nothing."""
        self.sock.sendall(line({"type": "chat", "text": f"{number} " + "blah " * 12_000}))

    def gets(self, size=4096):
        """Wait for bytes, at most so many, and print them."""
        data = self.sock.recv(size)
        print(f"{self.name} <- {data!r}")
        return data

    def hears(self, quiet=False):
        """Wait for a whole message, print (unless quiet) and return it; None when the connection has ended."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                print(f"{self.name} <- the end of the stream")
                return None
            self.buffer += data
        end = self.buffer.index(b"\n") + 1
        text = self.buffer[:end].decode()
        del self.buffer[:end]
        if not quiet:
            print(f"{self.name} <- {text}", end="")
        return json.loads(text)

    def has_room(self):
        """Let the system keep much for this client, whatever it did before."""
        for sock, option in ((self.sock, socket.SO_RCVBUF), (self.conn, socket.SO_SNDBUF)):
            sock.setsockopt(socket.SOL_SOCKET, option, 1 << 20)

    def listens(self, chats):
        """Hear, printing nothing, until so many chats have come; return the first word of each, and what the server said between them."""
        self.has_room()
        words, told = [], []
        while len(words) < chats:
            message = self.hears(quiet=True)
            (words if message["type"] == "chat" else told).append(message["text"].split(" ")[0] if message["type"] == "chat" else message["text"])
        return words, told

    def hears_nothing(self):
        """Look for a moment, and print that nothing has come."""
        came = self.buffer or select.select([self.sock], [], [], MOMENT)[0]
        print(f"{self.name} <- {'something!' if came else '(nothing)'}")

    def reads_until(self, condition):
        """Read and throw away, until condition() is true."""
        print(f"{self.name} -- reads again")
        self.has_room()

        def done():
            while select.select([self.sock], [], [], 0)[0] and self.sock.recv(1 << 20):
                pass
            return condition()
        until(done)

    def stops_sending(self):
        print(f"{self.name} -- stops sending")
        self.sock.shutdown(socket.SHUT_WR)

    def leaves(self):
        print(f"{self.name} -- closes the connection")
        self.sock.close()

    def breaks_off(self):
        """Reset the connection: SO_LINGER with 0 seconds, see socket(7)."""
        print(f"{self.name} -- breaks off (reset)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()


def line(message):
    """A message as bytes on the wire."""
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def connected(address, small=False):
    """A socket that is connected to this address, with a time-out. small: the system keeps a few thousand bytes for it."""
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    sock.connect(address)
    return sock


def pair(small=False):
    """The two ends of one connection, each with a time-out. small: the system keeps only a few thousand bytes from the second to the first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if small:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        here = connected(listener.getsockname(), small)
        there, _ = listener.accept()
    there.settimeout(PATIENCE)
    return here, there


def broken_off():
    """The server's end of a connection that its client has broken off: no send on it succeeds any more."""
    conn, there = pair()
    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    there.close()
    return conn


def waiting(sock, size):
    """Wait until so many bytes lie ready to be received."""
    until(lambda: len(sock.recv(size, socket.MSG_PEEK)) == size, f"{size} bytes")


# ------------------------------------------------------------------ programs as processes, and what the checks say

def lab(module):
    """A room of the checks' harness."""
    if str(TOP / "checks") not in sys.path:
        sys.path.insert(0, str(TOP / "checks"))
    return importlib.import_module(f"lab.{module}")


class Process:
    """A program of the course as a process of its own, started and watched as the checks do it.

    What can be asked of it is what the checks ask: see Server and Terminal in checks/lab.
    Each step is printed.
    """

    def __init__(self, lesson, file="server.py", folder="solutions", instead=None):
        texts = {name: text.encode() for name, text in files(lesson, file, instead or {}, folder).items()}
        self.program = lab("server").Server(texts, lesson) if file == "server.py" else lab("terminal").Terminal(texts, lesson)
        self.told = 0

    def __enter__(self):
        if hasattr(self.program, "start"):  # a server; a client is started by who types
            self.program.start()
        return self

    def __exit__(self, *error):
        self.program.stop()
        print("(over; processes left: none)")

    def __getattr__(self, name):
        thing = getattr(self.program, name)
        return self.telling(thing) if inspect.ismethod(thing) else thing

    @property
    def room(self):
        """The server that a client's program finds, scripted."""
        return Telling(self, self.program.room)

    def client(self, name):
        """Connect a client to the server; what it does and gets is printed, too."""
        return Telling(self, lab("members").RoomMember(self.program, name))

    def press_ctrl_c(self):
        print("you -- press Ctrl-C")
        self.program.program.press_ctrl_c()

    def exit_code(self):
        """Wait for its end, and return what it says with it."""
        until(lambda: self.program.program.ended, "the end of the program")
        return self.program.program.exit_code

    def telling(self, method):
        """The same method; what happens in it is printed."""
        def call(*args, **options):
            try:
                return method(*args, **options)
            finally:
                steps = self.program.story.steps
                print("\n".join(map(str, steps[self.told:])), end="\n" * (len(steps) > self.told))
                self.told = len(steps)
        return call

    def stands(self):
        """Print where each of its threads stands."""
        asleep(list(Path(f"/proc/{self.program.program.process.pid}/task").glob("*/stat")))
        print(unnumbered("\n".join(self.program.evidence.standing(self.program.program.ask("state")))))


class Telling:
    """What a Process has, telling its steps as well."""

    def __init__(self, process, thing):
        self.process, self.thing = process, thing

    def __getattr__(self, name):
        return self.process.telling(getattr(self.thing, name))

    def __str__(self):
        return str(self.thing)


def unnumbered(text):
    """Names of threads without their numbers, which are up to chance where several start at once."""
    return re.sub(r"Thread-\d+", "Thread-N", text)


def checks_say(lesson, check, instead, file="server.py"):
    """Let this check of the kit judge the solution with a change, and print what its author would read."""
    course, judge = lab("course"), lab("judge")
    with tempfile.TemporaryDirectory() as folder:
        (target := Path(folder) / lesson).mkdir()
        for name, text in files(lesson, file, instead).items():
            (target / name).write_text(text, encoding="utf-8")
        run = course.Run(folder)
        run.add([lesson])
        run.checks[lesson] = [one for one in run.checks[lesson] if one.name == check]
        judge.judge(run, lesson)
        verdict, = run.checks[lesson]
        print(f"{verdict.rule} {verdict.title}: {verdict.verdict}\n\n{textwrap.fill(unnumbered(verdict.message), 100)}")
        for spot in verdict.where[:2]:  # the likeliest; what stands behind them may differ from run to run
            source = (target / spot["file"]).read_bytes().splitlines()[spot["line"] - 1].decode().strip()
            print(f"\n{spot['file']}:{spot['line']}   {spot['what']}\n    {source}")

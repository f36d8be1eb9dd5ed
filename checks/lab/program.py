"""One run of a student's program: start it, watch it, ask it, stop it.

The program is a process of its own in a temporary copy of its folder, with a
clean environment. Its output is drained all the time, its memory watched; at the
end no process of its tree is left, whatever it did, and no file.
"""

import collections
import contextlib
import json
import os
import queue
import re
import secrets
import select
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil

from . import processes, sandbox
from .machine import Patience
from .processes import ADOPTS, WINDOWS, descendants, end_orphans, kill, memory, orphans
from .sleeping import naps, only_sleeps
from .verdict import LabError
from .writing import remove

OUTPUT_KEPT = 30_000  # bytes
OUTPUT_MOST = 16 << 20  # bytes; what a program prints beyond them is taken slowly
MEMORY_MOST = 512 << 20  # bytes, resident, of the whole tree
STOP_SECONDS = 60  # at most; a process that was killed still needs a processor to end
ANSWER_SECONDS = 5
SOCKET = re.compile(r"<socket\.socket [^<>]*>")
SIGN = 16  # bytes with which each line of the witness's begins, see inside/run.py


class Program:
    """A running program.

    files: {relative path: bytes}; name: the file to run; ports: {asked: real}, the
    ports to give (again). With a screen, which takes all that it prints, it also has
    a keyboard, and prints line by line as in a terminal; without one there is nothing
    to read. watch: are its locks and containers watched, too? Raises LabError when it cannot be started.
    """

    def __init__(self, files, name, ports=None, screen=None, watch=False):
        self.files, self.folder = files, Path(os.path.realpath(tempfile.mkdtemp(prefix="chat-lab-")))
        for path, content in files.items():
            target = os.path.join(self.folder, "lesson", path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
        self.begun = False  # has it come so far that the student's own code runs?
        self.listeners = []  # {"port", "asked", "where"}, in the order of listen()
        self.connects = []  # {"asked", "where"}, in the order of connect()
        self.errors = []  # {"error", "where", "thread", "peer"}: nobody caught them
        self.crash = None  # the same, of the main thread
        self.exits = None  # {"how", "where"}, when it ended itself
        self.left = []  # the threads that still ran when it ended, as a state has them
        self.caught = None  # {"error", "where"}: what its main thread had caught before it ended
        self.last_connections = []  # and what is told of connections then: {"peer", "closed_at", "sends"}
        self.last_report = None  # and of the members, where locks and containers are watched
        self.stuck = []  # waits for a lock that cannot end, {"kind", "waits"}
        self.held = []  # threads that wait at a hold, {"what", "peer", "thread", "where"}
        self.used_too_much, self.last_state = False, None  # has the kit stopped it for its memory, and the witness's state then
        self.lost = False  # the witness inside answers no more
        self.heard_out = False  # all that it ever told has been read
        self._peak = 0
        self._replies = collections.deque()
        self._changed = threading.Condition()
        self._asking = threading.Lock()
        self._output = collections.deque()
        self.printed = self._kept = 0  # bytes
        self.printed_all = threading.Event()  # its output has ended
        self._screen = screen
        self._sign = secrets.token_hex(SIGN // 2).encode()  # which no program knows
        self.typed = 0  # bytes
        self._to_type, self._untyped = queue.SimpleQueue(), 0
        self._start(name, files, ports or {}, watch)

    def _start(self, name, files, ports, watch):
        command_out, self._commands = os.pipe()
        self._events, event_in = os.pipe()
        output, output_in = os.pipe()
        self._keyboard, typing = os.pipe() if self._screen else (None, None)
        try:
            os.write(self._commands, self._sign)
            self.process = processes.start(self.folder, name, files, ports, watch, command_out, event_in, output_in, self._keyboard)
        except BaseException:  # nobody can stop what was never there
            for fd in (self._commands, self._events, output, self._keyboard, typing):
                if fd is not None:
                    os.close(fd)
            remove(self.folder)
            raise
        finally:
            for fd in (command_out, event_in, output_in):
                os.close(fd)
        self.started = time.monotonic()
        self._outermost = self.tree = psutil.Process(self.process.pid)
        self.started_at = self._outermost.create_time()
        self._walls = []  # processes around the program that are not its own
        self._over = threading.Event()
        self._threads = [threading.Thread(target=target, args=args, daemon=True) for target, args in
                         ((self._read_events, ()), (self._drain, (output,)), (self._watch_memory, ()),
                          *([(self._type, (typing,))] if self._screen else []))]
        for thread in self._threads:
            thread.start()
        if sandbox.is_inside():
            self._look_behind_the_wall()

    def _look_behind_the_wall(self):
        """Find the program's own process, of which the one that we have started is a parent, or, where that one is bwrap(1), a grandparent."""
        if isinstance(self.process, processes.Forked):
            self._walls = [self._outermost]
            with contextlib.suppress(psutil.Error):  # it has ended
                self.tree = psutil.Process(self.process.program)
            return
        self.wait_for(lambda: self.begun or self.lost, STOP_SECONDS)
        family = descendants(self._outermost)  # oldest first
        self._walls = [self._outermost, *family[:1]]
        self.tree = family[1] if len(family) > 1 else self._outermost

    # -------------------------------------------------- what it tells

    @property
    def uncaught(self):
        """The errors that nobody caught, the main thread's first."""
        return ([self.crash] if self.crash else []) + self.errors

    def _read_events(self):
        rest = b""
        while data := os.read(self._events, 65536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(self._sign):  # else the student wrote into our pipe
                    with contextlib.suppress(ValueError, AttributeError, TypeError, LookupError, ArithmeticError, RecursionError):
                        self._note(json.loads(line[SIGN:]))
        self.lost = self.heard_out = True
        with self._changed:
            self._changed.notify_all()

    def _note(self, facts):
        with self._changed:
            event = facts.pop("event", None)
            if "error" in facts:
                facts["error"] = SOCKET.sub("<socket>", facts["error"])  # the same each time: numbers and addresses say nothing
            if event == "begins":
                self.begun = True
            elif event == "listening":
                self.listeners.append({"port": int(facts["port"]), "asked": facts["asked"] and tuple(facts["asked"]), "where": facts["where"]})
            elif event == "connecting":
                self.connects.append({"asked": tuple(facts["asked"]), "where": facts["where"]})
            elif event == "died":
                self.errors.append(facts)
            elif event == "crashed":
                self.crash = facts
            elif event == "exits":
                self.exits = facts
            elif event == "left":
                self.left += facts["threads"]
                self.caught = facts["caught"]
                self.last_connections += facts["connections"]
                self.last_report = facts["report"]
            elif event == "stuck":
                self.stuck.append(facts)
            elif event == "goes on":
                self.stuck = [stuck for stuck in self.stuck if stuck["lock"] != facts["lock"]]
            elif event == "held":
                self.held.append(facts)
            elif "reply" in facts:
                self._replies.append(facts["reply"])
            self._changed.notify_all()

    def wait_for(self, condition, seconds):
        """Wait until condition() holds, at most `seconds`; return whether it does. Ends early with the program."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or self.heard_out and self.ended:
                    return bool(condition())
                self._changed.wait(min(left, 0.05))
            return True

    def watch_until(self, condition, seconds):
        """Look again and again until condition(), which may ask the witness, is true, at most `seconds`, see Patience; return what it is."""
        patience, pause = self.patience(seconds), 0.001
        while not (value := condition()) and not patience.is_over():
            self.wait_for(lambda: False, pause)
            pause = min(2 * pause, 0.02)
        return value

    def patience(self, seconds):
        """So many seconds for something that the program is to do."""
        return Patience(self.tree.pid, seconds)

    def is_at_rest(self):
        """Does each of its threads wait for something to happen, as far as that can be seen?"""
        state = self.state()
        return bool(state) and all(thread["call"] not in ("", "send", "connect") or thread["waits"] for thread in state["threads"])

    def state(self):
        """How it stands inside, or None; what a thread does of whose sleep nothing will come is "sleep", or "nap", see `sleeping`."""
        state = self.ask("state")
        for thread in state["threads"] if state else ():
            if thread["nap"] and not thread["call"] and thread["places"]:
                if only_sleeps(self.files, thread):
                    thread["call"] = "sleep"
                elif naps(thread):
                    thread["call"], thread["timed"] = "nap", True
        return state

    def ask(self, *command):
        """Return the witness's answer, or None when there is none within ANSWER_SECONDS: it is lost then."""
        with self._asking:
            if self.lost:
                return None
            try:
                os.write(self._commands, " ".join(map(str, command)).encode() + b"\n")
            except OSError:
                self.lost = True
                return None
            if not self.wait_for(lambda: self._replies or self.lost, ANSWER_SECONDS) or not self._replies:
                self.lost = True  # a later answer would be taken for another question's
                return None
            return self._replies.popleft()

    # -------------------------------------------------- what it prints

    def _drain(self, output):
        with open(output, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                self._output.append(data)
                self.printed += len(data)
                self._kept += len(data)
                while self._kept - len(self._output[0]) >= OUTPUT_KEPT:
                    self._kept -= len(self._output.popleft())
                if self._screen:
                    with self._changed:
                        self._screen.takes(data)
                        self._changed.notify_all()
                if self.printed > OUTPUT_MOST:  # slowly from here on, so that a flood drowns its own program only
                    self._over.wait(0.02)
        self.printed_all.set()

    # -------------------------------------------------- what is typed

    def _type(self, typing):
        with open(typing, "wb", buffering=0) as pipe:
            while data := self._to_type.get():
                try:
                    while data:
                        data = data[pipe.write(data):]
                except OSError:
                    return  # the program has ended
                self._untyped -= 1

    def types(self, data):
        """Give it these bytes to read; b"" ends its input."""
        self.typed += len(data)
        self._untyped += 1
        self._to_type.put(data)

    def has_taken_what_was_typed(self):
        """Has it read everything that was typed? Where this cannot be told, it has."""
        if WINDOWS:
            return True
        return not self._untyped and not select.select([self._keyboard], [], [], 0)[0]

    # -------------------------------------------------- what it uses

    @property
    def output(self):
        """The last lines that it printed, as text."""
        return self.printed_after(0)

    def printed_after(self, count):
        """Of the last lines that it printed what came after so many bytes, as text."""
        new = min(OUTPUT_KEPT, self.printed - count)
        data = b"".join(self._output)[-new:] if new > 0 else b""
        return data.decode("utf-8", "replace").replace(str(self.folder / "lesson") + os.sep, "")

    def _watch_memory(self):
        family, rounds = [], 0
        while not self._over.wait(0.05):
            rounds += 1
            if rounds % 20 == 0:
                family = self.family()
            used = sum(map(memory, family or [self.tree]))
            self._peak = max(self._peak, used)
            if used > MEMORY_MOST:
                return self._stop_for_memory()

    def _stop_for_memory(self):
        self.last_state = self.ask("state")
        self.used_too_much = True
        for process in self.family():
            kill(process)

    @property
    def peak_memory(self):
        """The most resident memory that the program has had, in bytes; VmHWM in proc(5), else by looking often."""
        try:
            with open(f"/proc/{self.tree.pid}/status") as status:
                return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM")), self._peak)
        except OSError:
            return self._peak

    @property
    def threads(self):
        """How many threads the program has now, as the system counts them, less the witness's own."""
        try:
            return self.tree.num_threads() - 1
        except psutil.Error:
            return 0

    def find_listeners(self):
        """The ports that the program listens on as the system knows them, for a program whose witness is lost."""
        try:
            return [one.laddr.port for one in self.tree.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        except (psutil.Error, OSError):
            return []

    @property
    def sockets(self):
        """How many sockets (where that cannot be told: files and sockets) the program has open."""
        try:
            folder = f"/proc/{self.tree.pid}/fd"
            if os.path.isdir(folder):
                return sum(link_of(f"{folder}/{fd}").startswith("socket:") for fd in os.listdir(folder))
            return self.tree.num_handles() if WINDOWS else self.tree.num_fds()
        except (psutil.Error, OSError):
            return 0

    # -------------------------------------------------- ending it

    @property
    def ended(self):
        """Has the program itself ended?"""
        return self.process.poll() is not None

    @property
    def exit_code(self):
        code = self.process.poll()
        if self._walls and code is not None and 128 < code != 130:  # there the end by signal N is told as 128 + N
            return 128 - code
        return code

    def press_ctrl_c(self):
        """Do what the terminal does on Ctrl-C; on Windows, where that wakes nobody who waits without a time-out, what it does on Ctrl-Break then."""
        if self.ended:
            return
        if not WINDOWS:
            processes.interrupt(self.tree)
        elif any(thread["main"] and thread["call"] and not thread["timed"] for thread in (self.ask("state") or {"threads": ()})["threads"]):
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.ask("interrupt")

    def ends_within(self, seconds):
        """Wait for the program's end, at most `seconds`; return whether it ended."""
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def end(self):
        """Kill the program itself, as a power cut would. Raises LabError when it does not end."""
        kill(self.tree)
        if not self.ends_within(1):  # what is around it does not: perhaps the program has stopped that
            kill(self._outermost)
            if not self.ends_within(STOP_SECONDS):
                raise LabError("the program was killed and does not end")

    def family(self):
        """The program's process and all that it has started, also what left its session."""
        found = dict.fromkeys([self.tree, *descendants(self._outermost), *orphans(self.started_at)])
        return [process for process in found if process == self.tree or process not in self._walls]

    def stop(self):
        """End the program and everything it started, and remove its files.

        Raises LabError when something of it is left, after all the rest was done.
        """
        self._over.set()
        deadline = time.monotonic() + STOP_SECONDS
        for process in [] if ADOPTS else self.family():
            kill(process)
        with contextlib.ExitStack() as stack:  # from the last on
            stack.callback(self._remove_files)
            stack.callback(self._hear_out, deadline)
            stack.callback(self._end_orphans, deadline)
            stack.callback(self.end)

    def _end_orphans(self, deadline):
        processes.running.discard(self.process.pid)
        end_orphans(self.started_at, deadline)

    def _hear_out(self, deadline):
        os.close(self._commands)
        if self._screen:
            self._to_type.put(b"")
            os.close(self._keyboard)
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise LabError("something of the program is left: its output is still open")
        os.close(self._events)

    def _remove_files(self):
        remove(self.folder)
        if self.folder.exists():
            raise LabError(f"the program's files could not be removed: {self.folder}")


def link_of(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""

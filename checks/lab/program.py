"""One run of a student's program: start it, watch it, ask it, stop it.

The program is a process of its own in a temporary copy of its folder, with a
clean environment. Its output is drained all the time, its memory watched; at the
end no process of its tree is left, whatever it did, and no file.
"""

import ast
import collections
import ctypes
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from .verdict import LabError

INSIDE = Path(__file__).parent / "inside"
OUTPUT_KEPT = 30_000  # bytes
OUTPUT_MOST = 16 << 20  # bytes; what a program prints beyond them is taken slowly
MEMORY_MOST = 512 << 20  # bytes, resident, of the whole tree
STOP_SECONDS = 10
ANSWER_SECONDS = 5
WINDOWS = sys.platform == "win32"

IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import witness; "
START = "witness.main(sys.argv[2], eval(sys.argv[3]), sys.argv[4] == 'watch', int(sys.argv[5]), int(sys.argv[6]))"
TERMINAL = "witness.sit_at_a_terminal(); "


def adopt_orphans():
    """Become the parent of orphaned grandchildren, see PR_SET_CHILD_SUBREAPER in prctl(2).

    Returns False where the system has no such thing. A forked process must ask again.
    """
    if not sys.platform.startswith("linux"):
        return False
    return ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0


ADOPTS = adopt_orphans()
if ADOPTS:
    os.register_at_fork(after_in_child=adopt_orphans)
running = set()  # the process ids of programs that run now


class Program:
    """A running program.

    files: {relative path: bytes}; name: the file to run; ports: {asked: real}, the
    ports to give (again). With a screen, which takes all that it prints, it also has
    a keyboard, and prints line by line as in a terminal; without one there is nothing
    to read. watch: are its locks and containers watched, too? Raises LabError when it cannot be started.
    """

    def __init__(self, files, name, ports=None, screen=None, watch=False):
        self.folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="chat-lab-")))
        for path, content in files.items():
            target = self.folder / "lesson" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self.listeners = []  # {"port", "asked", "where"}, in the order of listen()
        self.connects = []  # {"asked", "where"}, in the order of connect()
        self.errors = []  # {"error", "where", "thread", "peer"}: nobody caught them
        self.crash = None  # the same, of the main thread
        self.exits = None  # {"how", "where"}, when it ended itself
        self.stuck = []  # waits for a lock that cannot end, {"kind", "waits"}
        self.held = []  # threads that wait at a hold, {"what", "peer", "thread", "where"}
        self.stopped_for = self.last_state = None  # "memory", when the kit stopped it, and the witness's state then
        self.lost = False  # the witness inside answers no more
        self.heard_out = False  # all that it ever told has been read
        self._peak = 0
        self._replies = collections.deque()
        self._changed = threading.Condition()
        self._asking = threading.Lock()
        self._output = collections.deque()
        self._printed = self._kept = 0
        self.printed_all = threading.Event()  # its output has ended
        self._screen = screen
        self.typed = 0  # bytes
        self._to_type, self._untyped = queue.SimpleQueue(), 0
        self._start(name, ports or {}, "watch" if watch else "plain")

    def _start(self, name, ports, watch):
        command_out, self._commands = os.pipe()
        self._events, event_in = os.pipe()
        output, output_in = os.pipe()
        self._keyboard, typing = os.pipe() if self._screen else (None, None)
        theirs = (command_out, event_in)
        how, options = ["-c", IMPORT + TERMINAL + START] if self._screen else ["-u", "-c", IMPORT + START], {}
        if WINDOWS:
            import msvcrt
            theirs = tuple(msvcrt.get_osfhandle(fd) for fd in theirs)
            for handle in theirs:
                os.set_handle_inheritable(handle, True)
            startup = subprocess.STARTUPINFO()
            startup.lpAttributeList = {"handle_list": list(theirs)}
            options = {"startupinfo": startup, "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        else:
            options = {"pass_fds": theirs, "start_new_session": True}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", *how, str(INSIDE),
                 str(self.folder / "lesson" / name), repr(ports), watch, *map(str, theirs)],
                cwd=self.folder / "lesson", env=clean_environment(self.folder),
                stdin=self._keyboard if self._screen else subprocess.DEVNULL,
                stdout=output_in, stderr=output_in, **options)
        except OSError as error:
            raise LabError(f"the program could not be started: {error}") from error
        finally:
            for fd in (command_out, event_in, output_in):
                os.close(fd)
        self.started = time.monotonic()
        running.add(self.process.pid)
        self.tree = psutil.Process(self.process.pid)
        self.started_at = self.tree.create_time()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=target, args=args, daemon=True) for target, args in
                         ((self._read_events, ()), (self._drain, (output,)), (self._watch_memory, ()),
                          *([(self._type, (typing,))] if self._screen else []))]
        for thread in self._threads:
            thread.start()

    # -------------------------------------------------- what it tells

    def _read_events(self):
        rest = b""
        while data := os.read(self._events, 65536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                try:
                    facts = ast.literal_eval(line.decode())
                    self._note(facts)
                except (ValueError, SyntaxError, AttributeError, TypeError, KeyError, RecursionError, MemoryError):
                    continue  # the student wrote into our pipe
        self.lost = self.heard_out = True
        with self._changed:
            self._changed.notify_all()

    def _note(self, facts):
        with self._changed:
            event = facts.pop("event", None)
            if event == "listening":
                self.listeners.append({"port": int(facts["port"]), "asked": facts["asked"], "where": facts["where"]})
            elif event == "connecting":
                self.connects.append({"asked": facts["asked"], "where": facts["where"]})
            elif event == "died":
                self.errors.append(facts)
            elif event == "crashed":
                self.crash = facts
            elif event == "exits":
                self.exits = facts
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
                if left <= 0 or self.ended and self.heard_out:
                    return bool(condition())
                self._changed.wait(min(left, 0.05))
            return True

    def watch_until(self, condition, seconds):
        """Look again and again until condition(), which may ask the witness, is true, at most `seconds`; return whether it is."""
        deadline, pause = time.monotonic() + seconds, 0.001
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.wait_for(lambda: False, pause)
            pause = min(2 * pause, 0.02)
        return True

    def is_at_rest(self):
        """Does each of its threads wait for something to happen, as far as that can be seen?"""
        state = self.ask("state")
        return bool(state) and all(thread["call"] not in ("", "send", "connect") or thread["waits"] for thread in state["threads"])

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
                self._printed += len(data)
                self._kept += len(data)
                while self._kept - len(self._output[0]) >= OUTPUT_KEPT:
                    self._kept -= len(self._output.popleft())
                if self._screen:
                    with self._changed:
                        self._screen.takes(data)
                        self._changed.notify_all()
                if self._printed > OUTPUT_MOST:  # slowly from here on, so that a flood drowns its own program only
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
        data = b"".join(self._output)[-OUTPUT_KEPT:]
        return data.decode("utf-8", "replace").replace(str(self.folder / "lesson") + os.sep, "")

    def _watch_memory(self):
        family, rounds = [self.tree], 0
        while not self._over.wait(0.05):
            rounds += 1
            if rounds % 20 == 0:
                family = self.family()
            used = sum(map(memory, family))
            self._peak = max(self._peak, used)
            if used > MEMORY_MOST:
                return self._stop_for("memory")

    def _stop_for(self, reason):
        self.last_state = self.ask("state")
        self.stopped_for = reason
        for process in self.family():
            kill(process)

    @property
    def peak_memory(self):
        """The most resident memory that the program has had, in bytes; VmHWM in proc(5), else by looking often."""
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
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
            folder = f"/proc/{self.process.pid}/fd"
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
        return self.process.poll()

    def press_ctrl_c(self):
        """Do what the terminal does on Ctrl-C (on Windows: on Ctrl-Break)."""
        if not self.ended:
            self.process.send_signal(signal.CTRL_BREAK_EVENT if WINDOWS else signal.SIGINT)

    def ends_within(self, seconds):
        """Wait for the program's end, at most `seconds`; return whether it ended."""
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def end(self):
        """Kill the program itself, as a power cut would."""
        kill(self.tree)
        self.process.wait(STOP_SECONDS)

    def family(self):
        """The program's process and all that it has started, also what left its session."""
        return [self.tree, *descendants(self.tree), *orphans(self.started_at)]

    def stop(self):
        """End the program and everything it started, and remove its files.

        Raises LabError when something of it is left.
        """
        self._over.set()
        deadline = time.monotonic() + STOP_SECONDS
        for process in [] if ADOPTS else self.family():
            kill(process)
        self.end()
        running.discard(self.process.pid)
        while left := orphans(self.started_at):
            for process in left:
                kill(process)
            psutil.wait_procs(left, 1)
            if time.monotonic() > deadline:
                raise LabError(f"processes of the program are left: {left}")
        os.close(self._commands)
        if self._screen:
            self._to_type.put(b"")
            os.close(self._keyboard)
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise LabError("something of the program is left: its output is still open")
        os.close(self._events)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            raise LabError(f"the program's files could not be removed: {self.folder}")


def clean_environment(home):
    """Nothing of the checker's environment but what a Python program needs to run."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    return kept | {"HOME": str(home), "TMPDIR": str(home), "TEMP": str(home), "TMP": str(home)}


def orphans(since):
    """Processes that became our children without being started by us: what programs left behind."""
    if not ADOPTS:
        return []
    left = []
    for child in psutil.Process().children():
        if child.pid not in running and created(child) >= since:
            left += [child, *descendants(child)]
    return left


def created(process):
    try:
        return process.create_time()
    except psutil.Error:
        return 0


def descendants(process):
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def kill(process):
    try:
        process.kill()
    except psutil.Error:
        pass


def memory(process):
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def link_of(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""

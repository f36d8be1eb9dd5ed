"""The processes of student programs: how they are started, which there are, and how they are ended.

Where the system can do it (Linux), a program's process is forked from one that has
imported all that is needed; elsewhere each is started anew. What runs in it is the same.
"""

import contextlib
import ctypes
import functools
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from . import sandbox
from .verdict import LabError

INSIDE = Path(__file__).parent / "inside"
FORK_SECONDS = 20  # a busy machine may be slow
MOST_SOURCE = 40_000  # bytes of the modules of one program that are compiled beforehand
MOST_CODE = 100_000  # bytes of their code
WINDOWS = sys.platform == "win32"

IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import run, witness; "
ANEW = "arguments = eval(sys.argv[2]); "
FORKED = "import forks; arguments = forks.serve(*eval(sys.argv[2])); "
TERMINAL = "witness.sit_at_a_terminal(); "
CONFINED = "run.confine{}; run.os.setsid(); run.os.environ.pop('PWD', None); "  # as without a wall: bwrap leads the session, and sets PWD
START = "run.main(*arguments)"


def adopt_orphans():
    """Become the parent of orphaned grandchildren, see PR_SET_CHILD_SUBREAPER in prctl(2).

    Returns False where the system has no such thing. A forked process must ask again.
    """
    if not sys.platform.startswith("linux"):
        return False
    return ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0


def after_fork():
    """In a forked checker: the programs and their fork servers are the other's."""
    adopt_orphans()
    running.clear()
    while fork_servers:
        fork_servers.popitem()[1].channel.close()


def allow_open_files(count=4096):
    """Let this process, and those that it starts, open so many files and sockets, where the system lets it: some allow 256 unless one asks."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count if hard == resource.RLIM_INFINITY else min(count, hard), hard))


running = set()  # the ids of processes that we have started, and that run now
fork_servers = {}  # is there a screen? -> ForkServer
ADOPTS = adopt_orphans()
FORKS = ADOPTS and hasattr(os, "pidfd_open")
if ADOPTS:
    os.register_at_fork(after_in_child=after_fork)


# ------------------------------------------------------------------ starting

def start(folder, name, files, ports, watch, commands, events, output, keyboard=None):
    """Start the program lesson/`name` in this folder and return its process, which is a subprocess.Popen or like one.

    files: the same as there, {relative path: bytes}; ports, watch: as for the witness's main(); the others are file descriptors, and
    without a keyboard it has nothing to read. Raises LabError when it cannot be started.
    """
    request = str(folder / "lesson" / name), ports, watch
    theirs = [commands, events, output, *([] if keyboard is None else [keyboard])]
    try:
        process = None
        if FORKS:
            process = forked((*request, compiled(modules(files), folder.parent) if watch else b"", clean_environment(folder)), theirs, folder, files)
        process = process or anew(folder, request, *theirs)
    except OSError as error:
        raise LabError(f"the program could not be started: {error}") from error
    running.add(process.pid)
    return process


def anew(folder, request, commands, events, output, keyboard=None):
    """Start the program's process as any other."""
    theirs, before, wall, files, python = (commands, events), "", [], [], sys.executable
    if sandbox.is_inside():
        before = CONFINED.format(sandbox.confinement())
        (wall, files), python = sandbox.inner(folder, INSIDE), sandbox.python()
    if WINDOWS:
        import msvcrt
        theirs = tuple(msvcrt.get_osfhandle(fd) for fd in theirs)
        for handle in theirs:
            os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO()
        startup.lpAttributeList = {"handle_list": list(theirs)}
        options = {"startupinfo": startup, "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        options = {"pass_fds": (*theirs, *files), "start_new_session": True}
    try:
        return subprocess.Popen(
            [*wall, python, *interpreter(ANEW, keyboard is not None, (*request, *theirs), before)], cwd=folder / "lesson",
            env=clean_environment(folder), stdin=subprocess.DEVNULL if keyboard is None else keyboard, stdout=output, stderr=output, **options)
    finally:
        for file in files:
            os.close(file)


def interpreter(how, screen, argument, before=""):
    """The options of an interpreter that runs our code, and then the program."""
    return ["-I", "-S", "-X", "utf8", *([] if screen else ["-u"]), "-c",
            IMPORT + how + TERMINAL * screen + before + START, str(INSIDE), repr(argument)]


def forked(request, files, folder, contents):
    """Have a process forked, in whose folder there are these files; return None when that fails."""
    global FORKS
    screen = len(files) == 4
    try:
        if screen not in fork_servers:
            fork_servers[screen] = ForkServer(screen, folder.parent)
        return fork_servers[screen].fork(request, files, folder, contents)
    except (OSError, ValueError):  # it was ended, perhaps by a program: the next one is another
        broken = fork_servers.pop(screen, None)
        if broken:
            FORKS = broken.has_forked  # else it cannot be done here
            broken.end()
        return None


def modules(files):
    """The modules among the files that are compiled beforehand, as (name, source): what can be compiled quickly."""
    found = frozenset((name, source) for name, source in files.items() if name.endswith(".py") and "/" not in name)
    return found if sum(len(source) for _, source in found) <= MOST_SOURCE else frozenset()


@functools.lru_cache(maxsize=2)
def compiled(sources, scratch):
    """The code of these modules, (name, source), of a program that is watched, for run.main; b"" if there is none.

    It is made in a process of its own, in which nothing of the student's runs: so nobody else can have made it.
    """
    reading, writing = os.pipe()
    process = sources and forked(dict(sources), [writing], scratch / "nowhere", {})
    os.close(writing)
    data, until = bytearray(), time.monotonic() + FORK_SECONDS
    with open(reading, "rb", buffering=0) as pipe:
        while process and select.select([pipe], [], [], max(0, until - time.monotonic()))[0] and len(data) <= MOST_CODE:
            more = pipe.read(1 << 16)
            data += more
            if not more:
                break
        else:
            data.clear()
    if process:
        process.send_signal(signal.SIGKILL)
        process.wait(FORK_SECONDS)
    return bytes(data)


class ForkServer:
    """A process that forks others, see inside/forks.py; in a sandbox, whose folder for programs `scratch` is, behind its walls."""

    def __init__(self, screen, scratch):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel.settimeout(FORK_SECONDS)
        self._asking = threading.Lock()
        reading, writing = os.pipe()  # what its files are now its children's are made for: a pipe has no position, as /dev/null has
        self._walled, self.has_forked = sandbox.is_inside(), False
        command, passed = [sys.executable], [theirs.fileno()]
        if self._walled:
            command = [*sandbox.place(scratch, INSIDE), sandbox.python()]
            passed.append(os.open("/proc", os.O_RDONLY | os.O_DIRECTORY))
        with theirs, open(reading, "rb"), open(writing, "wb"), contextlib.ExitStack() as stack:
            for fd in passed[1:]:
                stack.callback(os.close, fd)
            self.process = subprocess.Popen(
                [*command, *interpreter(FORKED, screen, passed)], env=clean_environment(), pass_fds=passed, start_new_session=True,
                stdin=reading if screen else subprocess.DEVNULL, stdout=writing, stderr=writing)
        self.started_at = created(psutil.Process(self.process.pid))

    def fork(self, request, files, folder, contents):
        """Return the new process. Raises OSError or ValueError when there is none."""
        with contextlib.ExitStack() as stack, self._asking:
            if self._walled:
                file = stack.enter_context(open(os.memfd_create("files"), "w+b", buffering=0))
                file.write(marshal.dumps(contents))
                request, files = (request, sandbox.walls(folder, INSIDE)), [file.fileno(), *files]
            socket.send_fds(self.channel, [marshal.dumps(request)], files)
            pid, *program = map(int, self.channel.recv(200).split())
            self.has_forked = True
            return Forked(pid, *program)

    def end(self):
        """End the process, and what it has forked without saying so, down to the last: it would run beside the one that is started in its place.

        Raises LabError when some of it does not end.
        """
        self.channel.close()
        self.process.kill()
        self.process.wait()
        end_orphans(self.started_at, time.monotonic() + FORK_SECONDS)


class Forked:
    """A process that was forked for us and is our child now; what subprocess.Popen does for one that it started.

    Behind walls it is the program's parent, which ends with it; then program is the program's id.
    """

    def __init__(self, pid, program=None):
        self.pid, self.program, self.returncode = pid, program or pid, None
        self._looking = threading.Lock()

    def poll(self):
        """Return the exit code, negative for a signal, or None while the process runs."""
        with self._looking:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:  # somebody else has asked
                    pid, status = self.pid, 0
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout):
        """Wait at most so many seconds for its end. Raises subprocess.TimeoutExpired."""
        if self.poll() is None:
            try:
                ends = os.pidfd_open(self.pid)
            except ProcessLookupError:  # just now
                return self.poll()
            select.select([ends], [], [], max(0, timeout))
            os.close(ends)
            if self.poll() is None:
                raise subprocess.TimeoutExpired("the program", timeout)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)


def clean_environment(home=None):
    """Nothing of the checker's environment but what a Python program needs to run; in a sandbox it looks for commands where there are some."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    if sandbox.is_inside():
        kept["PATH"] = sandbox.search_path()
    return kept | ({} if home is None else dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), str(home)))


# ------------------------------------------------------------------ which there are, and ending them

def orphans(since):
    """Processes that became our children without being started by us: what programs left behind."""
    if not ADOPTS:
        return []
    left, ours = [], running | {server.process.pid for server in fork_servers.values()}
    for child in children(psutil.Process(), but=ours):
        if created(child) >= since:
            left += [child, *descendants(child)]
    return left


def end_orphans(since, deadline):
    """Kill them and what they start meanwhile, until there are none. Raises LabError when there still are some at the deadline."""
    while left := orphans(since):
        for process in left:
            kill(process)
        psutil.wait_procs(left, 1)
        if time.monotonic() > deadline:
            raise LabError(f"processes of the program are left: {left}")


def created(process):
    try:
        return process.create_time()
    except psutil.Error:
        return 0


def children(process, but=()):
    """The processes that this one has started or adopted, but for those with these ids. On Linux it is asked itself, rather than all that there are for their parents."""
    folder, found = f"/proc/{process.pid}/task", []
    try:
        ids = [int(pid) for task in os.listdir(folder) for pid in Path(folder, task, "children").read_text().split()]
    except OSError:  # another system, or it has just ended, or a thread of it
        try:
            return [child for child in process.children() if child.pid not in but]
        except psutil.Error:
            return []
    for pid in ids:
        if pid in but:
            continue
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found


def descendants(process):
    """Its children and theirs, each before its own."""
    return [each for child in children(process) for each in (child, *descendants(child))]


def interrupt(process):
    """Send SIGINT to its main thread, by tgkill(2), where that can be done and that thread has not blocked it for another one to take.

    Of a signal for the whole process the system chooses the thread; another one than the
    main thread does not wake that one up, which alone handles it: see Python's signal module.
    """
    tgkill = getattr(ctypes.CDLL(None), "tgkill", None)
    if not tgkill or main_thread_blocks(process, signal.SIGINT) or tgkill(process.pid, process.pid, signal.SIGINT) != 0:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)


def main_thread_blocks(process, number):
    """Has its main thread blocked this signal? See SigBlk in proc(5). True where that cannot be told."""
    try:
        with open(f"/proc/{process.pid}/status") as status:
            return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in status if line.startswith("SigBlk:"))
    except OSError:
        return True


def kill(process):
    try:
        process.kill()
    except psutil.Error:
        pass


def memory(process):
    try:
        return process.memory_info().rss
    except (psutil.Error, OSError):
        return 0

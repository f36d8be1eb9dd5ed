"""What runs inside the student's process, beside the student's program.

It runs the student's file as ``__main__``, sends ``127.0.0.1:9090`` to a port of
its own, watches the sockets, and answers the checker's questions over two
inherited pipes: commands come in, one line each; events and replies go out, one
JSON object a line. It changes nothing that a right program could notice,
except on command: then it does what any system may do, at the moment when it
matters (a short read, a short send, a thread that runs late).

It imports only what a server imports itself, so that starting stays quick.
"""

import _sitebuiltins
import _thread
import atexit
import builtins
import collections
import io
import marshal
import os
import select
import signal
import socket
import struct
import sys
import threading
import types

import holds

loaded = set(sys.modules)
import json  # noqa: E402

spare = set(sys.modules) - loaded  # the modules that came with it

HERE = os.path.join(os.path.dirname(__file__), "")
DATA_LIMIT = 4 << 30  # bytes; every thread's stack of 8 MiB counts here, used or not
FILE_LIMIT = 64 << 20  # bytes
CPU_LIMIT = 300  # seconds of a processor, of one process
CHECKER_GONE = 70  # exit code when the checker has died
SIGN = 16  # bytes
HIGH = 900  # a number for file descriptors that programs do not come to
LAST_CONNECTIONS = 20  # of which is told at the end

Socket = socket.socket
real = {name: getattr(Socket, name) for name in (
    "accept", "bind", "close", "connect", "connect_ex", "listen",
    "recv", "recv_into", "send", "sendall", "sendmsg", "shutdown") if hasattr(Socket, name)} | {"_exit": os._exit, "start": threading.Thread.start}

folder = ""  # of the student's files, with a separator at the end
ports = {}  # the port that the student named -> the one that it got
bound = {}  # file descriptor -> (the address that the student named, where)
connections = {}  # file descriptor -> Connection, the last one that had it
doing = {}  # thread -> (what it is doing, the socket, the Connection, is it limited in time?, is what it waits for there?)
accepted = []  # one for each connection: += would not be one step
deepest = 0, ()  # how deep a function was in itself when a send failed, and where
activity = 0  # changes whenever a thread enters or leaves a socket call
blocks = None  # told of each call that may block, where locks are watched
rests = None  # told when a thread is about to wait for a client, where containers are watched
ways = None  # what is known of pairs of sockets and pipes, where threads' order is watched: see `order`
readers = {}  # thread -> the client from whom it read last
known_places = {}  # (id of a code object, instruction) -> (the code object, which keeps its id; its place)
observer = []  # the thread that answers the checker
WAITS = {("threading", "wait"), ("concurrent.futures.thread", "_worker")}


class Connection:
    """A connection that the program has accepted, or made, as its own side sees it."""

    def __init__(self, peer, accepted_at):
        self.peer = peer  # the other side's port
        self.accepted_at = accepted_at  # or connected
        self.received = self.sent = 0  # bytes
        self.is_shut = False  # by us, so that reading tells the end at once
        self.ends = 0  # times that reading told the end of the stream, or an error
        self.found_nothing = 0  # times that reading without waiting found nothing there
        self.reader = None  # the thread that read last
        self.senders = set()  # the threads that have sent
        self.read_at = self.closed_at = self.failed_at = ()
        self.full_at = ()  # where the last send stands, if it found no room for all of its bytes and did not wait
        self.rest, self.short_at = b"", ()  # the beginning of what a send() has left, until it is sent; where that send() stands
        self.sends = collections.deque(maxlen=512)  # (offset in the stream, stack), the last ones

    def facts(self):
        return {"peer": self.peer, "received": self.received, "sent": self.sent, "ends": self.ends, "found_nothing": self.found_nothing,
                "reader": self.reader, "senders": list(self.senders),
                "accepted_at": places(self.accepted_at), "read_at": places(self.read_at), "closed_at": places(self.closed_at),
                "short_at": places(self.short_at), "failed_at": places(self.failed_at), "full_at": places(self.full_at)}

    def note_rest(self, data, sent):
        """Of this data a send() took so many bytes; keep in mind where, until a send begins with the rest."""
        if self.rest and bytes(data[:len(self.rest)]) == self.rest[:len(data)]:
            self.rest, self.short_at = b"", ()
        if sent < len(data) and not self.rest:
            self.rest, self.short_at = bytes(data[sent:sent + 64]), steps(sys._getframe(3))


# ------------------------------------------------------------------ where in the student's files

def steps(frame):
    """The stack from this frame on, quickly: [(code, instruction), ...], to be read by `places`; to find a line takes longer."""
    found = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found


def line_of(code, instruction):
    return next((line for start, end, line in code.co_lines() if start <= instruction < end and line), code.co_firstlineno)


def place_of(code, instruction):
    """(file, line, function) of a step, or None if it is not the student's."""
    place = (code.co_filename[len(folder):], line_of(code, instruction), code.co_name) if code.co_filename.startswith(folder) else None
    known_places[id(code), instruction] = code, place
    return place


def places(stack, most=8):
    """The student's own steps of a stack, innermost first: (file, line, function)."""
    found = []
    for code, instruction in stack:
        known = known_places.get((id(code), instruction))
        place = known[1] if known else place_of(code, instruction)
        if place:
            found.append(place)
            if len(found) == most:
                break
    return found


def places_of(traceback):
    found = []
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name.startswith(folder):
            found.insert(0, (name[len(folder):], traceback.tb_lineno, traceback.tb_frame.f_code.co_name))
        traceback = traceback.tb_next
    return found


# ------------------------------------------------------------------ the pipe to the checker

_pipe = None
_sign = b""  # what each line begins with, so that it is known to be ours: the program may write into the pipe
allocate_lock = _thread.allocate_lock  # the real one, also when `locks` has put its own in its place
_pipe_lock = allocate_lock()


def as_text(thing):
    """What JSON does not know, such as the b"127.0.0.1" of an address."""
    return thing.decode("utf-8", "replace") if isinstance(thing, bytes) else repr(thing)


encode = json.JSONEncoder(default=as_text).encode  # whatever the student makes of json.dumps


def tell(**facts):
    data = _sign + encode(facts).encode() + b"\n"
    with _pipe_lock:
        try:
            while data:
                data = data[os.write(_pipe, data):]
        except OSError:
            pass  # the student closed it: the checker sees that it has lost its witness


def after_fork():
    """In a child another thread may have held the pipe; nobody there would give it back."""
    global _pipe_lock
    _pipe_lock = allocate_lock()


def obey(commands, obeyed, changed, tell=tell):
    """Answer the checker's commands until it is gone, then end this process.

    obeyed: {command: function}; changed() tells what the program has changed here. Both
    are this thread's own, in no module.
    """
    observer.append(_thread.get_ident())
    if hasattr(signal, "pthread_sigmask"):  # a signal is for the program's threads, of which one may wait for it; see signal(7)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    rest = b""
    while True:
        try:
            data = os.read(commands, 4096)
        except OSError:
            return
        if not data:
            real["_exit"](CHECKER_GONE)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            word, *args = line.decode().split()
            reply = answer(obeyed[word], args)
            if word == "report" and reply:
                reply["changed"] = changed()
            tell(reply=reply)


def answer(obey, args, attempts=200):
    """Obey one command. What it looks at may just be changed by a thread: then look again."""
    for _ in range(attempts):
        try:
            return obey(*args)
        except RuntimeError:  # changed size during iteration
            continue
    return None


def state():
    before = activity
    threads = [facts_of(ident, thread, frame) for ident, thread, frame in others()]
    return {"threads": threads, "connections": [conn.facts() | {"open": is_open(fd)} for fd, conn in list(connections.items())],
            "accepted": len(accepted), "deepest": deepest, "typed": Keyboard.taken, "moving": activity != before}


def others():
    """The program's threads but the one that asks: [(ident, its threading.Thread or None, frame)]."""
    names = dict(threading._active)  # not enumerate(), which takes a lock that this thread may hold
    mine = {_thread.get_ident(), *observer}
    return [(ident, names.get(ident), frame) for ident, frame in sys._current_frames().items() if ident not in mine]


def facts_of(ident, thread, frame):
    call, sock, conn, timed, there = doing.get(ident, ("", None, None, None, None))
    if there and there() or sock is not None and sock.gettimeout() == 0:
        call = ""  # it will go on as soon as the system lets it run
    if not call and waits_at_the_end(frame):
        call = "end"
    started_at, limit = getattr(thread, "started_at", ()), limit_of(sock, call) if sock is not None else None
    return {"id": ident, "name": thread.name if thread else "thread",
            "daemon": bool(thread and thread.daemon and not isinstance(thread, threading._DummyThread)),
            "main": thread is threading.main_thread(), "held": ident in holds.late, "call": call, "peer": conn.peer if conn else None,
            "timed": limit is not None if sock is not None else timed, "limit": limit,
            "places": places(steps(frame)), "started_at": places(started_at), "own": is_own(started_at, frame),
            "waits": waits(frame), "idle_worker": idle_worker(frame), **locks_of(ident)}


def is_own(started_at, frame):
    """Is this a thread of the student's: one that his code has started itself, or that runs his code now?"""
    starter = next((code.co_filename for code, _ in started_at if not code.co_filename.startswith(HERE)), "")
    return starter.startswith(folder) or bool(places(steps(frame), 1))


def waits_at_the_end(frame):
    """Does this thread, the main one, wait at the program's end for the threads that are no daemon threads?"""
    return frame.f_code.co_name == "_shutdown" and frame.f_globals.get("__name__") == "threading"


def tell_who_is_left():
    """Tell of the student's threads that still run when the program ends, which stops them wherever they are, and of the last sends."""
    left = [facts_of(*other) | {"peer": peer_of(other[0])} for other in others()]
    last = list(connections.values())[-LAST_CONNECTIONS:]
    tell(event="left", threads=[thread for thread in left if thread["own"]][:LAST_CONNECTIONS], connections=[
        {"peer": conn.peer, "closed_at": places(conn.closed_at),
         "sends": [(offset, places(stack)) for offset, stack in list(conn.sends)[-4:]]} for conn in last])


def locks_of(ident):
    """What is known of a thread's locks, where locks are watched."""
    return {}


def peer_of(ident):
    """The client whom this thread reads from, or None."""
    return readers.get(ident)


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


def has_room(fd):
    """Would a send on this connection go on at once?"""
    if fd < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([], [fd], [], 0)[1])
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


def limit_of(sock, call):
    """The seconds after which this call gives up, by settimeout() or SO_SNDTIMEO and SO_RCVTIMEO, see socket(7); or None."""
    timeout, option = sock.gettimeout(), getattr(socket, {"send": "SO_SNDTIMEO", "recv": "SO_RCVTIMEO"}.get(call, ""), None)
    if timeout is not None or option is None:
        return timeout
    try:
        set_to = sock.getsockopt(socket.SOL_SOCKET, option, 16)
    except OSError:  # just closed
        return None
    seconds, micro = struct.unpack("ll", set_to) if len(set_to) == 16 else (0, int.from_bytes(set_to, "little") * 1000)
    return seconds + micro / 1e6 or None


def waits(frame):
    """Does this thread wait in the standard library for something to happen, and not only for a thread of its own to start?"""
    names = []
    while frame is not None and (not names or names[-1][0] == "threading"):
        names.append((frame.f_globals.get("__name__"), frame.f_code.co_name))
        frame = frame.f_back
    return names[0] in WAITS and ("threading", "start") not in names


def idle_worker(frame):
    """Does this thread of a ThreadPoolExecutor wait for work?"""
    while frame is not None:
        if frame.f_code.co_filename.startswith(folder):
            return False
        if frame.f_code.co_name == "_worker" and frame.f_globals.get("__name__") == "concurrent.futures.thread":
            return True
        frame = frame.f_back
    return False


def blame(peer, offset):
    """Where the byte at this offset of what went to that client was sent."""
    for conn in reversed(list(connections.values())):
        if conn.peer == int(peer):
            for start, where in reversed(conn.sends):
                if start <= int(offset):
                    return places(where)
    return ()


COMMANDS = {"state": state, "blame": blame}


# ------------------------------------------------------------------ calls that may block

class Call:
    """Marks this thread as inside a call that may block, for as long as the call takes."""

    def __init__(self, name, sock, conn, timed=None, there=None):
        self.mark = (name, sock, conn, timed, there)

    def __enter__(self):
        global activity
        name, sock, conn, *_ = self.mark
        if blocks and sock is not None and sock.gettimeout() != 0:
            blocks(name, to=conn.peer if conn and name == "send" else None)
        doing[_thread.get_ident()] = self.mark
        activity += 1

    def __exit__(self, *_):
        global activity
        activity += 1
        doing.pop(_thread.get_ident(), None)


class CallOf(Call):
    """Marks this thread as waiting on a condition of the library's; until it has left the call it waits only while it is among the waiters."""

    def __init__(self, name, condition, timed):
        self.inside = vars(condition).setdefault("_inside", [])
        super().__init__(name, None, None, timed, lambda: len(self.inside) > len(condition._waiters))

    def __enter__(self):
        self.inside.append(None)
        super().__enter__()

    def __exit__(self, *_):
        super().__exit__()
        self.inside.pop()


# ------------------------------------------------------------------ the keyboard and the screen

class Keyboard(io.FileIO):
    """Standard input, with a mark on the thread that waits for it."""

    taken = 0  # bytes

    def readinto(self, buffer):
        with Call("input", None, None):
            count = super().readinto(buffer)
            Keyboard.taken += count
        return count


def sit_at_a_terminal():
    """Print line by line, as in a terminal, and watch what is read of what is typed."""
    sys.stdout.reconfigure(line_buffering=True)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(Keyboard(0, closefd=False)), "utf-8", "surrogateescape")


# ------------------------------------------------------------------ threads

def start(thread):
    thread.started_at = steps(sys._getframe(1))
    real["start"](thread)


def wait_for_end(thread, block=True, timeout=-1):
    """What join() waits in. Python 3.11 and 3.12 take a thread for ended when Ctrl-C interrupts a join() of it; 3.13 does not, nor does this."""
    lock = thread._tstate_lock
    if lock is None:
        return
    try:
        if lock.acquire(block, timeout):
            lock.release()
            thread._stop()
    except BaseException:
        if lock.locked() and thread.ident not in sys._current_frames():  # it has ended, and the lock is ours
            lock.release()
            thread._stop()
        raise


def waiting_for_signal(function):
    """A function of `signal` that returns when a signal has come, marked while it waits."""
    def wait(*signals):
        with Call("signal", None, None):
            return function(*signals)
    return wait


# ------------------------------------------------------------------ errors that nobody catches

def without_us(traceback):
    """Take the frames of the hooks out of a traceback, however long it is."""
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(HERE):
            kept.append(traceback)
        traceback = traceback.tb_next
    for one, after in zip(kept, [*kept[1:], None]):
        one.tb_next = after
    return kept[0] if kept else None


def tell_error(error, traceback, thread, event="died"):
    ident = thread.ident if thread else _thread.get_ident()
    peer = peer_of(ident)
    where = places_of(traceback)
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(folder):
        where.insert(0, (error.filename[len(folder):], error.lineno or 1, ""))
    tell(event=event, error=f"{type(error).__name__}: {error}", where=where,
         thread=thread.name if thread else "thread", peer=peer)


def watch_errors():
    thread_hook, raw_thread_hook = threading.excepthook, sys.unraisablehook

    def in_thread(args):
        tell_error(args.exc_value, args.exc_traceback, args.thread)
        without_us(args.exc_traceback)  # whose first frame is the library's
        thread_hook(args)

    def in_raw_thread(args):
        if "thread" in (args.err_msg or ""):  # not an error in a __del__
            tell_error(args.exc_value, args.exc_traceback, None)
        raw_thread_hook(args)

    threading.excepthook, sys.unraisablehook = in_thread, in_raw_thread


def exit_at_once(code):
    tell_who_is_left()
    tell(event="exits", how=f"os._exit({code})", where=places(steps(sys._getframe(1))))
    real["_exit"](code)


# ------------------------------------------------------------------ running the student's file

def set_limits():
    try:
        import resource
    except ImportError:  # Windows: only the watch from outside
        return
    for name, value in (("RLIMIT_DATA", DATA_LIMIT), ("RLIMIT_FSIZE", FILE_LIMIT), ("RLIMIT_CPU", CPU_LIMIT), ("RLIMIT_CORE", 0)):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):  # not on this system, or a lower limit holds
            pass


def confine(processes, user):
    """Take upon this process what holds in a sandbox, for good.

    At most so many processes and threads; and the rights of this user alone, where it
    is one (see setuid(2)): the limit does not hold for root.
    """
    import resource
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def compiled(source, path):
    return compile(source, path, "exec", dont_inherit=True)


def run(path):
    """Run the file as `python path` would; errors are told and printed without frames of ours."""
    sys.argv, sys.path[0] = [path], os.path.dirname(path)
    sys.dont_write_bytecode = True
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    try:
        with open(path, "rb") as file:
            source = file.read()
        exec(compiled(source, path), main.__dict__)
    except SystemExit as error:
        tell(event="exits", how=f"sys.exit({error.code!r})", where=places_of(error.__traceback__))
        raise
    except BaseException as error:
        traceback = without_us(error.__traceback__)
        while traceback and not traceback.tb_frame.f_code.co_filename.startswith(folder):
            traceback = traceback.tb_next
        if isinstance(error, KeyboardInterrupt):
            tell(event="exits", how="a KeyboardInterrupt that nobody caught", where=places_of(traceback))
        else:
            tell_error(error, traceback, threading.current_thread(), "crashed")
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def moved(code, path):
    """The same code as if compiled from the file at `path`."""
    return code.replace(co_filename=path, co_consts=tuple(moved(each, path) if isinstance(each, types.CodeType) else each for each in code.co_consts))


def watch_state(code):
    """Watch locks and containers, too; code: what has been compiled for that already, see `main`."""
    global compiled, locks_of, rests
    import files
    import hooks
    import locks
    import order
    import store

    known = marshal.loads(code) if code else {}

    def compiled(source, path):
        before, code = known.get(path[len(folder):], (None, None))
        if before == source:
            return moved(code, path)
        try:
            return hooks.compiled(source, path)
        except (SyntaxError, ValueError):
            raise
        except Exception as error:  # code that we cannot follow: run it all the same
            store.blind.add(f"{type(error).__name__} in following {os.path.basename(path)}")
            return compile(source, path, "exec", dont_inherit=True)

    def source_to_code(loader, data, path, **options):
        if path.startswith(folder):
            return compiled(data, path)
        return plain(loader, data, path, **options)

    def exec_module(loader, module):
        execute(loader, module)
        order.imported(module)

    loader = sys.modules["_frozen_importlib_external"].SourceLoader
    plain, loader.source_to_code = loader.source_to_code, source_to_code
    execute, loader.exec_module = loader.exec_module, exec_module
    locks_of, rests = locks.locks_of, store.let_go
    locks.install()
    order.install()
    files.install()
    hooks.install()
    COMMANDS.update(members=store.find_members, without=store.without, is_in=store.is_in, report=store.report)


def give_way(names):
    """The student has, or may have, modules by these names: let those be found, and keep ours to ourselves."""
    for name in names:
        sys.modules.pop(name, None)


def main(path, same_ports, watch, commands, events, code=b""):
    """Run the program at `path`.

    same_ports says which port it gets for which, the rest are free ones; watch: are
    locks and containers to be watched, too? code: that of modules which has been compiled
    for this already, {name: (source, code)} by marshal.
    """
    global folder, _pipe, _sign
    import sockets
    folder = os.path.join(os.path.dirname(path), "")
    ports.update(same_ports)
    if sys.platform == "win32":
        import msvcrt
        commands, events = msvcrt.open_osfhandle(commands, os.O_RDONLY), msvcrt.open_osfhandle(events, 0)
    else:  # out of the way of programs that close what they did not open
        import fcntl
        theirs = commands, events
        commands, events = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in theirs)
        for fd in theirs:
            os.close(fd)
    _pipe, _sign = events, os.read(commands, SIGN)
    set_limits()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    os._exit, threading.Thread.start = exit_at_once, start
    if hasattr(threading.Thread, "_wait_for_tstate_lock"):
        threading.Thread._wait_for_tstate_lock = wait_for_end
    for name in {"pause", "sigwait", "sigwaitinfo"} & vars(signal).keys():
        setattr(signal, name, waiting_for_signal(getattr(signal, name)))
    # A shell starts what runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")  # -S leaves these out
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    sockets.install()
    watch_errors()
    COMMANDS.update((command.__name__, command) for command in (holds.limit, holds.hold, holds.stop, holds.release, holds.release_last, holds.fail))
    if {name.partition(".")[0] for name in os.listdir(folder)} & {name.partition(".")[0] for name in spare}:
        give_way(spare)
    if watch:
        watch_state(code)
    if watch:
        import seal
        before = seal.taken()
    give_way({"witness", "files", "forks", "holds", "hooks", "locks", "order", "sockets", "store", "seal", "wall"})
    _thread.start_new_thread(obey, (commands, dict(COMMANDS), lambda: seal.changed(before)))
    tell(event="begins")
    atexit.register(tell_who_is_left)  # is called last, after what the student registers
    run(path)

"""What runs inside the student's process, beside the student's program.

It runs the student's file as ``__main__``, sends ``127.0.0.1:9090`` to a port of
its own, watches the sockets, and answers the checker's questions over two
inherited pipes: commands come in, one line each; events and replies go out, one
Python literal a line. It changes nothing that a right program could notice,
except on command: then it does what any system may do, at the moment when it
matters (a short read, a short send, a thread that runs late).

It imports only what a server imports itself, so that starting stays quick.
"""

import _sitebuiltins
import _thread
import builtins
import collections
import errno
import io
import os
import selectors
import signal
import socket
import sys
import threading
import types

DATA_LIMIT = 4 << 30  # bytes; every thread's stack of 8 MiB counts here, used or not
FILE_LIMIT = 64 << 20  # bytes
CHECKER_GONE = 70  # exit code when the checker has died
HIGH = 900  # a number for file descriptors that programs do not come to
NOBODYS_PORT = 1

Socket = socket.socket
real = {name: getattr(Socket, name) for name in (
    "accept", "bind", "close", "connect", "connect_ex", "listen",
    "recv", "recv_into", "send", "sendall", "shutdown")} | {"_exit": os._exit, "start": threading.Thread.start}

folder = ""  # of the student's files, with a separator at the end
ports = {}  # the port that the student named -> the one that it got
bound = {}  # file descriptor -> (the address that the student named, where)
connections = {}  # file descriptor -> Connection, the last one that had it
doing = {}  # thread -> (what it is doing, the socket, the Connection, is it limited in time?, is what it waits for there?)
accepted = 0
deepest = 0, ()  # how deep a function was in itself when a send failed, and where
activity = 0  # changes whenever a thread enters or leaves a socket call
blocks = None  # told of each call that may block, where locks are watched
rests = None  # told when a thread is about to wait for a client, where containers are watched
readers = {}  # thread -> the client from whom it read last
most = {"recv": None, "send": None, "wait": None}  # on command: bytes that one call may take; waits that are over at once
holds = {}  # (what to hold, peer) -> [(the gate to hold it at, at which point)]
gates = []
failing = {}  # peer -> the error number with which every send to it fails
late = set()  # threads that are held
points = {}  # thread on its way to a hold -> [how many points until there, the gate, what, peer]
WAITS = {("selectors", "select"), ("threading", "wait"), ("concurrent.futures.thread", "_worker")}


class Connection:
    """A connection that the program has accepted, or made, as its own side sees it."""

    def __init__(self, peer, accepted_at):
        self.peer = peer  # the other side's port
        self.accepted_at = accepted_at  # or connected
        self.received = self.sent = 0  # bytes
        self.ends = 0  # times that reading told the end of the stream, or an error
        self.reader = None  # the thread that read last
        self.read_at = self.closed_at = self.failed_at = ()
        self.rest, self.short_at = b"", ()  # the beginning of what a send() has left, until it is sent; where that send() stands
        self.sends = collections.deque(maxlen=512)  # (offset in the stream, stack), the last ones

    def facts(self):
        return {"peer": self.peer, "received": self.received, "sent": self.sent, "ends": self.ends, "reader": self.reader,
                "accepted_at": places(self.accepted_at), "read_at": places(self.read_at), "closed_at": places(self.closed_at),
                "short_at": places(self.short_at), "failed_at": places(self.failed_at)}

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


def places(stack, most=8):
    """The student's own steps of a stack, innermost first: (file, line, function)."""
    found = []
    for code, instruction in stack:
        if code.co_filename.startswith(folder) and len(found) < most:
            found.append((code.co_filename[len(folder):], line_of(code, instruction), code.co_name))
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
allocate_lock = _thread.allocate_lock  # the real one, also when `locks` has put its own in its place
_pipe_lock = allocate_lock()


def tell(**facts):
    data = (repr(facts) + "\n").encode("utf-8", "backslashreplace")
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


def obey(commands):
    """Answer the checker's commands until it is gone, then end this process."""
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
            tell(reply=answer(word, args))


def answer(word, args, attempts=20):
    """Obey one command. What it looks at may just be changed by a thread: then look again."""
    for _ in range(attempts):
        try:
            return COMMANDS[word](*args)
        except RuntimeError:  # changed size during iteration
            continue
    return None


def state():
    before = activity
    names = {thread.ident: thread for thread in threading.enumerate()}
    mine = _thread.get_ident()
    threads = []
    for ident, frame in sys._current_frames().items():
        if ident == mine:
            continue
        thread, (call, sock, conn, timed, there) = names.get(ident), doing.get(ident, ("", None, None, None, None))
        if there and there():
            call = ""  # it will go on as soon as the system lets it run
        threads.append({
            "id": ident, "name": thread.name if thread else "thread", "daemon": bool(thread and thread.daemon),
            "main": thread is threading.main_thread(), "call": call, "peer": conn.peer if conn else None,
            "timed": sock.gettimeout() is not None if sock is not None else timed,
            "places": places(steps(frame)), "started_at": places(getattr(thread, "started_at", ())),
            "waits": waits(frame), "idle_worker": idle_worker(frame), **locks_of(ident)})
    return {"threads": threads, "connections": [conn.facts() | {"open": is_open(fd)} for fd, conn in list(connections.items())],
            "accepted": accepted, "deepest": deepest, "typed": Keyboard.taken, "moving": activity != before}


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


def limit(call, size):
    most[call] = int(size) or None


def hold(what, peer=None, point=1):
    """Hold a thread; call it several times to hold several.

    "start": every new thread; "send": the next one that sends to that client, before it
    does; "end": the next one to whom recv tells that this client has gone; "recv" and
    "fail": the next one that received from it, or whose send to it failed, at the
    so-many-th point that it comes to then: a line of the student's, or an access to a container.
    """
    gate = allocate_lock()
    gate.acquire()
    gates.append((what, peer, gate))
    holds.setdefault((what, peer and int(peer)), []).append((gate, int(point)))
    if what == "start":
        threading.setprofile(hold_new_thread)


def fail(peer, name):
    """From now on let every send to this client fail with this error of `errno`."""
    failing[int(peer)] = getattr(errno, name)


def release(what, *peers):
    """Let go of the threads that are held there, and hold no more; of these peers alone, if any are named."""
    threading.setprofile(None)
    for key in list(holds):
        if key[0] == what and (not peers or str(key[1]) in peers):
            del holds[key]
    for entry in gates[:]:
        if entry[0] == what and (not peers or str(entry[1]) in peers):
            gates.remove(entry)
            entry[2].release()


COMMANDS = {"state": state, "blame": blame, "limit": limit, "hold": hold, "release": release, "fail": fail}


def wait_at(gate, what, peer):
    late.add(_thread.get_ident())
    tell(event="held", what=what, peer=peer, thread=_thread.get_ident(), where=places(steps(sys._getframe(1))))
    gate.acquire()
    gate.release()
    late.discard(_thread.get_ident())


def hold_new_thread(*_):
    """Called at the first step of a new thread, see threading.setprofile."""
    sys.setprofile(None)
    for gate, _ in holds.get(("start", None), ())[:1]:
        wait_at(gate, "start", None)


def next_hold(what, conn):
    """The hold that is set for this, which is over then, or None."""
    waiting = holds and holds.get((what, conn.peer))
    return waiting.pop(0) if waiting else None


def hold_at(what, conn):
    """If a hold is set for this, hold this thread here."""
    held = next_hold(what, conn)
    if held:
        wait_at(held[0], what, conn.peer)


def hold_end(sock, conn):
    """If a hold is set for this end of a client, hold its thread; not one that serves many without blocking."""
    if sock.gettimeout() != 0:
        hold_at("end", conn)


def hold_send(sock, conn):
    """If a hold is set for sends to this client, hold this one; without blocking: say that it would block."""
    if sock.gettimeout() != 0:
        with Call("send", sock, conn):
            hold_at("send", conn)
    elif holds.get(("send", conn.peer)):
        if conn.peer not in late:
            late.add(conn.peer)
            tell(event="held", what="send", peer=conn.peer, thread=None, where=places(steps(sys._getframe(2))))
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def hold_after(what, conn):
    """If a hold is set for this, hold this thread at its point, if it comes there before its next send or recv."""
    held = next_hold(what, conn)
    if not held:
        return
    points[_thread.get_ident()] = [*held[::-1], what, conn.peer]
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(folder):
            frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)


def trace(frame, event, arg):
    if not frame.f_code.co_filename.startswith(folder):
        return None
    if event == "line":
        at_point()
    return trace


def at_point():
    """This thread is at a point where it may be held."""
    mine = points.get(_thread.get_ident())
    if mine:
        mine[0] -= 1
        if mine[0] == 0:
            _, gate, what, peer = mine
            let_go()
            wait_at(gate, what, peer)


def let_go():
    """This thread has come to its next send or recv: no hold any more."""
    if points.pop(_thread.get_ident(), None):
        sys.settrace(None)


# ------------------------------------------------------------------ sockets

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


def bind(sock, address):
    if sock.type == socket.SOCK_STREAM and sock.family in (socket.AF_INET, socket.AF_INET6):
        asked = tuple(address[:2])
        here = "127.0.0.1" if sock.family == socket.AF_INET else asked[0]
        real["bind"](sock, (here, ports.get(asked[1], 0)))
        ports[asked[1]] = sock.getsockname()[1]
        bound[sock.fileno()] = asked, places(steps(sys._getframe(1)))
    else:
        real["bind"](sock, address)


def listen(sock, *args):
    real["listen"](sock, *args)
    asked, where = bound.get(sock.fileno(), (None, places(steps(sys._getframe(1)))))
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        tell(event="listening", port=sock.getsockname()[1], asked=asked, where=where)


def accept(sock):
    global accepted
    if rests:
        rests()
    with Call("accept", sock, None):
        conn, address = real["accept"](sock)
        accepted += 1
        if isinstance(address, tuple):
            connections[conn.fileno()] = Connection(address[1], steps(sys._getframe(1)))
    return conn, address


def receive(name, sock, size, flags, call):
    """One recv or recv_into of at most `size` bytes; `call(size)` does it."""
    conn = connections.get(sock.fileno())
    if points:
        let_go()
    if conn is None:
        return call(size)
    conn.reader, conn.read_at = _thread.get_ident(), steps(sys._getframe(2))
    if most["recv"] and not flags:
        size = min(size, most["recv"])
    if most["wait"] and sock.gettimeout():
        most["wait"] -= 1
        raise TimeoutError("timed out")
    readers[conn.reader] = conn.peer
    if rests:
        rests()
    with Call("recv", sock, conn):
        try:
            got = call(size)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            conn.ends += 1
            hold_end(sock, conn)
            raise
        count = got if name == "recv_into" else len(got)
        if not flags:
            conn.received += count
        if not count and size > 0:
            conn.ends += 1
            hold_end(sock, conn)
    if holds:
        hold_after("recv", conn)
    return got


def recv(sock, size, flags=0):
    return receive("recv", sock, size, flags, lambda size: real["recv"](sock, size, flags))


def recv_into(sock, buffer, nbytes=0, flags=0):
    size = nbytes or memoryview(buffer).nbytes
    return receive("recv_into", sock, size, flags, lambda size: real["recv_into"](sock, buffer, size, flags))


def transmit(name, sock, data, flags):
    conn = connections.get(sock.fileno())
    if conn is None:
        return real[name](sock, data, flags)
    if points:
        let_go()
    if holds:
        hold_send(sock, conn)
    try:
        size = memoryview(data).nbytes
    except TypeError:
        return real[name](sock, data, flags)  # which says in its own words what is wrong
    whole = data
    if name == "send" and most["send"] and size > most["send"]:
        data, size = memoryview(data).cast("B")[:most["send"]], most["send"]
    conn.sends.append((conn.sent, steps(sys._getframe(2))))
    with Call("send", sock, conn):
        try:
            if conn.peer in failing:
                raise OSError(failing[conn.peer], os.strerror(failing[conn.peer]))
            sent = real[name](sock, data, flags)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            conn.ends += 1
            conn.failed_at = conn.failed_at or steps(sys._getframe(2))
            note_depth()
            hold_after("fail", conn)
            raise
        sent_now = size if sent is None else sent
        conn.sent += sent_now
        if conn.rest or name == "send":
            conn.note_rest(memoryview(whole).cast("B"), sent_now)
    return sent


def note_depth():
    """Keep in mind how often the most frequent of the student's functions is on the stack when a send fails."""
    global deepest
    stack = [step for step in steps(sys._getframe(2)) if step[0].co_filename.startswith(folder)]
    (code, count), = collections.Counter(code for code, _ in stack).most_common(1) or [(None, 0)]
    if count > deepest[0]:
        deepest = count, places([step for step in stack if step[0] is code], 1)


def send(sock, data, flags=0):
    return transmit("send", sock, data, flags)


def sendall(sock, data, flags=0):
    return transmit("sendall", sock, data, flags)


def note_end(sock):
    conn = connections.get(sock.fileno())
    if conn is not None:
        conn.closed_at = steps(sys._getframe(2))


def close(sock):
    note_end(sock)
    real["close"](sock)


def shutdown(sock, how):
    note_end(sock)
    real["shutdown"](sock, how)


def dial(name, sock, address):
    """connect() or connect_ex(): who asks for the course's port comes to the one that it is here."""
    if sock.type == socket.SOCK_STREAM and sock.family in (socket.AF_INET, socket.AF_INET6):
        where = steps(sys._getframe(2))
        tell(event="connecting", asked=tuple(address[:2]), where=places(where))
        if address[1] in ports:
            if sock.family == socket.AF_INET6:  # the course's server is not there: "localhost" is tried as ::1 first
                address = ("::1", NOBODYS_PORT, *address[2:])
            else:
                address = ("127.0.0.1", ports[address[1]])
        connections[sock.fileno()] = Connection(address[1], where)
    with Call("connect", sock, None):
        return real[name](sock, address)


def connect(sock, address):
    return dial("connect", sock, address)


def connect_ex(sock, address):
    return dial("connect_ex", sock, address)


def selecting(select):
    """A select method of a class in `selectors`, marked while it waits."""
    def wait(selector, timeout=None):
        if rests:
            rests()
        if blocks and (timeout is None or timeout > 0):
            blocks("select")
        with Call("select", None, None, timeout is not None):
            return select(selector, timeout)
    return wait


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


# ------------------------------------------------------------------ errors that nobody catches

def without_us(traceback):
    """Take the frames of the hooks out of a traceback, however long it is."""
    kept, here = [], os.path.dirname(__file__)
    while traceback is not None:
        if os.path.dirname(traceback.tb_frame.f_code.co_filename) != here:
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
    tell(event="exits", how=f"os._exit({code})", where=places(steps(sys._getframe(1))))
    real["_exit"](code)


# ------------------------------------------------------------------ running the student's file

def set_limits():
    try:
        import resource
    except ImportError:  # Windows: only the watch from outside
        return
    for name, value in (("RLIMIT_DATA", DATA_LIMIT), ("RLIMIT_FSIZE", FILE_LIMIT), ("RLIMIT_CORE", 0)):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):  # not on this system, or a lower limit holds
            pass


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
        if not isinstance(error, KeyboardInterrupt):
            tell_error(error, traceback, threading.current_thread(), "crashed")
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def watch_state():
    """Watch locks and containers, too."""
    global compiled, locks_of, rests
    import hooks
    import locks
    import store

    def compiled(source, path):
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

    loader = sys.modules["_frozen_importlib_external"].SourceLoader
    plain, loader.source_to_code = loader.source_to_code, source_to_code
    locks_of, rests = locks.locks_of, store.let_go
    locks.install()
    hooks.install()
    COMMANDS.update(members=store.find_members, without=store.without, report=store.report)


def main(path, same_ports, watch, commands, events):
    """Run the program at `path`.

    same_ports says which port it gets for which, the rest are free ones; watch: are
    locks and containers to be watched, too?
    """
    global folder, _pipe
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
    _pipe = events
    set_limits()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    os._exit, threading.Thread.start = exit_at_once, start
    # A shell starts what runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")  # -S leaves these out
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    for function in (accept, bind, close, connect, connect_ex, listen, recv, recv_into, send, sendall, shutdown):
        setattr(Socket, function.__name__, function)
    for kind in {selectors.DefaultSelector, selectors.SelectSelector}:
        kind.select = selecting(kind.select)
    watch_errors()
    if watch:
        watch_state()
    for name in ("witness", "hooks", "locks", "store"):  # the student may have modules by these names
        sys.modules.pop(name, None)
    _thread.start_new_thread(obey, (commands,))
    run(path)

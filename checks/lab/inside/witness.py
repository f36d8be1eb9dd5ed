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
import io
import os
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
doing = {}  # thread -> (what it is doing, the socket, the Connection)
accepted = 0
activity = 0  # changes whenever a thread enters or leaves such a call
most = {"recv": None, "send": None, "wait": None}  # on command: bytes that one call may take; waits that are over at once
holds = {}  # what to hold -> (the gate to hold it at, at which line)
gates = []
traced = set()  # threads on their way to a hold


class Connection:
    """A connection that the program has accepted, or made, as its own side sees it."""

    def __init__(self, peer, accepted_at):
        self.peer = peer  # the other side's port
        self.accepted_at = accepted_at  # or connected
        self.received = self.sent = 0  # bytes
        self.ends = 0  # times that reading told the end of the stream, or an error
        self.reader = None  # the thread that read last
        self.read_at = self.closed_at = ()
        self.sends = collections.deque(maxlen=512)  # (offset in the stream, stack), the last ones

    def facts(self):
        return {"peer": self.peer, "received": self.received, "sent": self.sent, "ends": self.ends, "reader": self.reader,
                "accepted_at": places(self.accepted_at), "read_at": places(self.read_at), "closed_at": places(self.closed_at)}


# ------------------------------------------------------------------ where in the student's files

def steps(frame):
    """The stack from this frame on, quickly: ((code, line), ...), to be read by `places`."""
    found = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return found


def places(stack, most=8):
    """The student's own steps of a stack, innermost first: (file, line, function)."""
    found = []
    for code, line in stack:
        if code.co_filename.startswith(folder):
            found.append((code.co_filename[len(folder):], line, code.co_name))
    return found[:most]


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
_pipe_lock = _thread.allocate_lock()


def tell(**facts):
    data = (repr(facts) + "\n").encode("utf-8", "backslashreplace")
    with _pipe_lock:
        try:
            while data:
                data = data[os.write(_pipe, data):]
        except OSError:
            pass  # the student closed it: the checker sees that it has lost its witness


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
            tell(reply=COMMANDS[word](*args))


def state():
    before = activity
    names = {thread.ident: thread for thread in threading.enumerate()}
    mine = _thread.get_ident()
    threads = []
    for ident, frame in sys._current_frames().items():
        if ident == mine:
            continue
        thread, (call, sock, conn) = names.get(ident), doing.get(ident, ("", None, None))
        threads.append({
            "id": ident, "name": thread.name if thread else "thread", "daemon": bool(thread and thread.daemon),
            "main": thread is threading.main_thread(), "call": call, "peer": conn.peer if conn else None,
            "timed": sock is not None and sock.gettimeout() is not None,
            "places": places(steps(frame)), "started_at": places(getattr(thread, "started_at", ())),
            "idle_worker": idle_worker(frame)})
    return {"threads": threads, "connections": [conn.facts() | {"open": is_open(fd)} for fd, conn in list(connections.items())],
            "accepted": accepted, "typed": Keyboard.taken, "moving": activity != before}


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


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


def hold(what, peer=None, line=1):
    """Hold the next thread that sends to that client, or at the so-many-th line after it received from it; or every new thread."""
    gate = _thread.allocate_lock()
    gate.acquire()
    gates.append(gate)
    holds[what, peer and int(peer)] = gate, int(line)
    if what == "start":
        threading.setprofile(hold_new_thread)


def release():
    threading.setprofile(None)
    holds.clear()
    while gates:
        gates.pop().release()


COMMANDS = {"state": state, "blame": blame, "limit": limit, "hold": hold, "release": release}


def wait_at(gate, what, peer):
    tell(event="held", what=what, peer=peer, thread=_thread.get_ident())
    gate.acquire()
    gate.release()


def hold_new_thread(*_):
    """Called at the first step of a new thread, see threading.setprofile."""
    sys.setprofile(None)
    gate, _ = holds.get(("start", None), (None, 0))
    if gate:
        wait_at(gate, "start", None)


def hold_after_recv(gate, lines, peer):
    """Hold this thread before the so-many-th of the student's lines that it comes to now, if it comes there before its next send or recv."""
    def trace(frame, event, arg):
        nonlocal lines
        if not frame.f_code.co_filename.startswith(folder):
            return None
        lines -= event == "line"
        if lines == 0:
            stop_tracing()
            wait_at(gate, "recv", peer)
        return trace

    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(folder):
            frame.f_trace = trace
        frame = frame.f_back
    traced.add(_thread.get_ident())
    sys.settrace(trace)


def stop_tracing():
    traced.discard(_thread.get_ident())
    sys.settrace(None)


# ------------------------------------------------------------------ sockets

class Call:
    """Marks this thread as inside a call that may wait, for as long as the call takes."""

    def __init__(self, name, sock, conn):
        self.mark = (name, sock, conn)

    def __enter__(self):
        global activity
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
    with Call("accept", sock, None):
        conn, address = real["accept"](sock)
        accepted += 1
        if isinstance(address, tuple):
            connections[conn.fileno()] = Connection(address[1], steps(sys._getframe(1)))
    return conn, address


def receive(name, sock, size, flags, call):
    """One recv or recv_into of at most `size` bytes; `call(size)` does it."""
    conn = connections.get(sock.fileno())
    if traced and _thread.get_ident() in traced:
        stop_tracing()
    if conn is None:
        return call(size)
    if most["recv"] and not flags:
        size = min(size, most["recv"])
    if most["wait"] and sock.gettimeout():
        most["wait"] -= 1
        raise TimeoutError("timed out")
    conn.reader, conn.read_at = _thread.get_ident(), steps(sys._getframe(2))
    with Call("recv", sock, conn):
        try:
            got = call(size)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            conn.ends += 1
            raise
        if not flags:
            count = got if name == "recv_into" else len(got)
            conn.received += count
            conn.ends += not count and size > 0
    held = holds and holds.pop(("recv", conn.peer), None)
    if held:
        hold_after_recv(*held, conn.peer)
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
    if traced and _thread.get_ident() in traced:
        stop_tracing()
    held = holds and holds.pop(("send", conn.peer), None)
    if held:
        wait_at(held[0], "send", conn.peer)
    size = memoryview(data).nbytes
    if name == "send" and most["send"] and size > most["send"]:
        data, size = memoryview(data).cast("B")[:most["send"]], most["send"]
    conn.sends.append((conn.sent, steps(sys._getframe(2))))
    with Call("send", sock, conn):
        try:
            sent = real[name](sock, data, flags)
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            conn.ends += 1
            raise
        conn.sent += size if sent is None else sent
    return sent


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
    return real[name](sock, address)


def connect(sock, address):
    return dial("connect", sock, address)


def connect_ex(sock, address):
    return dial("connect_ex", sock, address)


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

def tell_error(error, traceback, thread, event="died"):
    ident = thread.ident if thread else _thread.get_ident()
    peer = next((conn.peer for conn in reversed(list(connections.values())) if conn.reader == ident), None)
    where = places_of(traceback)
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(folder):
        where.insert(0, (error.filename[len(folder):], error.lineno or 1, ""))
    tell(event=event, error=f"{type(error).__name__}: {error}", where=where,
         thread=thread.name if thread else "thread", peer=peer)


def watch_errors():
    thread_hook, raw_thread_hook = threading.excepthook, sys.unraisablehook

    def in_thread(args):
        tell_error(args.exc_value, args.exc_traceback, args.thread)
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
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)
    except SystemExit as error:
        tell(event="exits", how=f"sys.exit({error.code!r})", where=places_of(error.__traceback__))
        raise
    except BaseException as error:
        traceback = error.__traceback__
        while traceback and not traceback.tb_frame.f_code.co_filename.startswith(folder):
            traceback = traceback.tb_next
        if not isinstance(error, KeyboardInterrupt):
            tell_error(error, traceback, threading.current_thread(), "crashed")
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def main(path, same_ports, commands, events):
    """Run the program at `path`; `same_ports` says which port it gets for which, the rest are free ones."""
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
    os._exit, threading.Thread.start = exit_at_once, start
    # A shell starts what runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")  # -S leaves these out
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    for function in (accept, bind, close, connect, connect_ex, listen, recv, recv_into, send, sendall, shutdown):
        setattr(Socket, function.__name__, function)
    watch_errors()
    _thread.start_new_thread(obey, (commands,))
    run(path)

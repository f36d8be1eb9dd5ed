"""The process from which those of student programs are forked, where the system can do that.

It has imported what the witness needs, which takes ten times as long as a fork. Nothing
of a student's is compiled or run here, but in processes of their own.
"""

import gc
import marshal
import os
import signal
import socket
import struct
import sys
import warnings

import witness

MOST = 1 << 17  # bytes of one request
MOST_FILES = 1 << 10  # that are open here, and no file has a higher number
CREDENTIALS = struct.Struct("3i")  # process, user, group
COMPILING = 5  # seconds of a processor
MEMORY = 1 << 30  # bytes, for compiling


def serve(channel, system=None):
    """Fork a process for each request that comes over this socket. Returns in each of them, with the arguments of run.main.

    A request, by marshal, is (path, ports, watch, code, environment), and comes with open
    files: for commands, for events, for what is printed, and for what is typed, if anything
    is. Or it is {name: source}, to be compiled, with a file for the code, see `compiled`.
    The answer is the new process's id, or why there is none. At the end of the stream this process ends.

    Behind the sandbox's wall there is an open /proc, `system`. The request is a pair there,
    the second are the arguments of wall.shut_in without the files, which are in one more
    open file, the first; and the answer has two ids, before the new process's that of its
    parent, the first in the place where it is alone, which ends as it does, see `stand_by`.
    """
    import_all(system)
    gc.freeze()  # what is there stays: no collection of a program's goes through it, and it stays shared, see gc.freeze
    channel = socket.socket(fileno=channel)
    while True:
        request, files, *_ = socket.recv_fds(channel, MOST, 5)
        if not request:
            os._exit(0)
        answer = fork(alone if system is None else lambda: shut_in(system, request, files))
        if not answer:
            channel.close()
            request = marshal.loads(request)
            if system is not None:
                request, _ = request
                os.close(files.pop(0))
            if isinstance(request, dict):
                write(files[0], compiled(request))
                os._exit(0)
            return become(files, *request)
        for fd in files:
            os.close(fd)
        channel.send(answer)


def import_all(system):
    """Import what programs that are watched will need, and what puts them behind a wall."""
    before = set(sys.modules)
    import catching  # noqa: F401
    import files  # noqa: F401
    import finding  # noqa: F401
    import following  # noqa: F401
    import hooks  # noqa: F401
    import locks  # noqa: F401
    import seal  # noqa: F401
    import sockets  # noqa: F401
    import store  # noqa: F401
    if system is not None:
        import calls  # noqa: F401
    witness.spare |= set(sys.modules) - before


def fork(start):
    """Return the answer to a request, with the id of a new process; or b"" in that one. Its parent has ended: it is an orphan, whom the checker adopts.

    start() is called in its parent, starts it, and returns that answer, or b"".
    """
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            answer = start()
            if not answer:
                os.close(reading)
                os.close(writing)
                return answer
            os.write(writing, answer)
        except Exception as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:200])
        os._exit(0)
    os.close(writing)
    answer = os.read(reading, 200)
    os.close(reading)
    os.waitpid(between, 0)
    return answer or b"ended"


def alone():
    return str(os.fork() or "").encode()


def shut_in(system, request, files):
    """The same behind walls. The new process, which does not know its id out here, says a word: the system tells who said it, see unix(7)."""
    import wall
    _, arguments = marshal.loads(request)
    wall.shut_in(system, marshal.loads(whole(files[0])), *arguments)
    hearing, saying = socket.socketpair()
    hearing.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    first = os.fork()
    if first == 0:
        pid = os.fork()
        if pid:
            stand_by(pid)
        with hearing, saying:
            saying.send(b"here")
        return b""
    saying.close()
    _, facts, *_ = hearing.recvmsg(4, socket.CMSG_SPACE(CREDENTIALS.size))
    pid, *_ = CREDENTIALS.unpack(facts[0][2])
    return f"{first} {pid}".encode()


def stand_by(child):
    """Be the first process in a place, whose end is that of all there: take what is orphaned, and end as this child does, of signal N with 128 + N."""
    import wall
    wall.libc.prctl(wall.SET_DUMPABLE, 0, 0, 0, 0)  # nobody there may take hold of it, see ptrace(2)
    os.closerange(0, MOST_FILES)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def whole(file):
    data = bytearray()
    while more := os.pread(file, 1 << 20, len(data)):
        data += more
    return data


def compiled(sources):
    """The code of a watched program's modules, as run.main takes it: what has been compiled once need not be in each run.

    Of what cannot be compiled, or not without a warning, there is none: the student is to see that.
    """
    import hooks
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (COMPILING, COMPILING))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    found = {}
    for name, source in sources.items():
        try:
            found[name] = source, hooks.compiled(source, name)
        except Exception:
            pass
    return marshal.dumps(found)


def write(file, data):
    while data:
        data = data[os.write(file, data):]


def become(files, path, ports, watch, code, environment):
    """Make this process what it would be if it had been started for this program."""
    os.setsid()
    commands, events, output, *keyboard = files
    for fd, number in ((output, 1), (output, 2), *((fd, 0) for fd in keyboard)):
        os.dup2(fd, number)
    for fd in (output, *keyboard):
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(os.path.dirname(path))
    return path, ports, watch, commands, events, code

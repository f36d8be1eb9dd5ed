"""Runs the student's file as ``__main__``, with all that watches it in place; ``127.0.0.1:9090`` is a free port here."""

import _sitebuiltins
import _thread
import atexit
import builtins
import marshal
import os
import signal
import sys
import threading
import time
import types

import clocks
import holds
import state
import where
import witness
from state import COMMANDS, tell_who_is_left
from where import in_words, places, places_of, steps
from witness import HERE, MODULES, after_fork, make, peer_of, ports, real, sleep, spare, start, start_observer, tell, wait_for_end, waiting_for_signal

DATA_LIMIT = 4 << 30  # bytes; every thread's stack of 8 MiB counts here, used or not
FILE_LIMIT = 64 << 20  # bytes
CPU_LIMIT = 300  # seconds of a processor, of one process
SIGN = 16  # bytes
HIGH = 900  # a number for file descriptors that programs do not come to, where so many are allowed


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
    peer = peer_of(ident) or witness.sole_peer_of(ident)
    at = places_of(traceback) or places(getattr(thread, "made_at", ()))  # its function could not even be called
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(where.folder):
        at.insert(0, (error.filename[len(where.folder):], error.lineno if isinstance(error.lineno, int) else 1, ""))
    tell(event=event, error=in_words(error), where=at,
         thread=thread.name if thread else "thread", peer=peer)


def watch_errors():
    thread_hook, raw_thread_hook = threading.excepthook, sys.unraisablehook

    def in_thread(args):
        if args.exc_type is not SystemExit:  # which ends a thread without a word
            tell_error(args.exc_value, args.exc_traceback, args.thread)
        without_us(args.exc_traceback)  # whose first frame is the library's
        thread_hook(args)

    def in_raw_thread(args):
        if "thread" in (args.err_msg or ""):  # not an error in a __del__
            tell_error(args.exc_value, args.exc_traceback, None)
        raw_thread_hook(args)

    threading.excepthook, sys.unraisablehook = in_thread, in_raw_thread


def raised_again(traceback, path, source):
    """Where a bare `raise` in this file was the last to raise the error, innermost first, or []; a traceback names only the line that raised it first."""
    lines, outer = source.splitlines(), []
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename == path:
            line = where.line_of(frame.f_code, frame.f_lasti)  # where it was last active
            if line != traceback.tb_lineno and b"".join(lines[line - 1:line]).partition(b"#")[0].rstrip().endswith(b"raise"):
                return places(((frame.f_code, frame.f_lasti), *outer))
            outer.insert(0, (frame.f_code, traceback.tb_lasti))
        traceback = traceback.tb_next
    return []


def exit_at_once(code):
    tell_who_is_left()
    tell(event="exits", how=f"os._exit({code})", where=places(steps(sys._getframe(1))))
    real["_exit"](code)


# ------------------------------------------------------------------ running the student's file

def interrupt():
    """Do what Ctrl-C does, where no other process can."""
    _thread.interrupt_main()


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

    At most so many processes and threads; the rights of this user alone, where it is
    one (see setuid(2)): the limit does not hold for root; and no call of those in calls.py.
    Raises OSError.
    """
    import resource
    before = set(sys.modules)
    import calls
    spare.update(set(sys.modules) - before)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    calls.refuse()


def compiled(source, path):
    """Return the code object of a student's file, see `compile_by`."""
    return compile(source, path, "exec", dont_inherit=True)


def compile_by(function):
    """Have the student's files, and the modules that they import, compiled by this function(source, path) from now on."""
    global compiled

    def source_to_code(loader, data, path, **options):
        return function(data, path) if path.startswith(where.folder) else plain(loader, data, path, **options)

    loader = sys.modules["_frozen_importlib_external"].SourceLoader
    plain, loader.source_to_code, compiled = loader.source_to_code, source_to_code, function


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
        while traceback and not where.is_theirs(traceback.tb_frame.f_code):
            traceback = traceback.tb_next
        if isinstance(error, KeyboardInterrupt):
            again = raised_again(traceback, path, source)
            tell(event="exits", how="a KeyboardInterrupt that was caught and raised again" if again else "a KeyboardInterrupt that nobody caught",
                 where=again or places_of(traceback))
        else:
            tell_error(error, traceback, threading.current_thread(), "crashed")
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def moved(code, path):
    """The same code as if compiled from the file at `path`."""
    return code.replace(co_filename=path, co_consts=tuple(moved(each, path) if isinstance(each, types.CodeType) else each for each in code.co_consts))


def followed_by(function, lost=lambda error, path: None):
    """This function(source, path) that compiles a file; where it cannot follow the code, that is run all the same, after lost(error, path)."""
    def compiled(source, path):
        try:
            return function(source, path)
        except (SyntaxError, ValueError):
            raise
        except Exception as error:
            lost(error, path)
            return compile(source, path, "exec", dont_inherit=True)
    return compiled


def watch_catching():
    """Watch which errors are caught."""
    import catching
    compile_by(followed_by(catching.compiled))
    catching.install(catching)
    if "order" in sys.modules:  # else it costs more to import than to do without: who waits in such a queue is seen there
        import order
        order.queue.SimpleQueue = order.SimpleQueue


def watch_state(code):
    """Watch locks and containers, too; code: what has been compiled for that already, see `main`."""
    import accesses
    import files
    import finding
    import following
    import hooks
    import locking
    import locks
    import order
    import store

    follow = followed_by(hooks.compiled, lambda error, path: store.blind.add(f"{type(error).__name__} in following {os.path.basename(path)}"))
    known = marshal.loads(code) if code else {}

    def compiled(source, path):
        before, code = known.get(path[len(where.folder):], (None, None))
        locks.mutex_is_used = locks.mutex_is_used or isinstance(source, bytes) and b".mutex" in source
        return following.followed(moved(code, path) if before == source else follow(source, path))

    def rests():
        accesses.let_go()
        following.looks(sys._getframe(1))

    def exec_module(loader, module):
        execute(loader, module)
        order.imported(module)

    compile_by(compiled)
    loader = sys.modules["_frozen_importlib_external"].SourceLoader
    execute, loader.exec_module = loader.exec_module, exec_module
    state.locks_of, holds.sections_of, witness.rests = locking.locks_of, locking.sections_of, rests
    following.begins()
    locks.install()
    order.install()
    files.install()
    hooks.install()
    COMMANDS.update(members=finding.find_members, without=finding.without, is_in=finding.is_in, report=finding.report, fullest=finding.fullest, lossy=finding.lossy, bounded=finding.has_bounded_queues)


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
    import sockets
    where.folder = os.path.join(os.path.dirname(path), "")
    ports.update(same_ports)
    if sys.platform == "win32":
        import msvcrt
        commands, events = msvcrt.open_osfhandle(commands, os.O_RDONLY), msvcrt.open_osfhandle(events, 0)
    else:  # out of the way of programs that close what they did not open
        import fcntl
        theirs = commands, events
        import resource
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        high = HIGH if allowed == resource.RLIM_INFINITY else min(HIGH, allowed - 10)
        commands, events = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, high) for fd in theirs)
        for fd in theirs:
            os.close(fd)
    witness.speaks(events, os.read(commands, SIGN))
    set_limits()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    os._exit, threading.Thread.__init__, threading.Thread.start, time.sleep = exit_at_once, make, start, sleep
    if hasattr(threading.Thread, "_wait_for_tstate_lock"):
        threading.Thread._wait_for_tstate_lock = wait_for_end
    for name in {"pause", "sigwait", "sigwaitinfo"} & vars(signal).keys():
        setattr(signal, name, waiting_for_signal(getattr(signal, name)))
    # A shell starts what runs in the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")  # -S leaves these out
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
    sockets.install()
    clocks.install()
    watch_errors()
    COMMANDS.update((command.__name__, command) for command in (interrupt, holds.limit, holds.hold, holds.stop, holds.no_more, holds.release, holds.release_last, holds.fail, holds.follow, holds.remember, holds.lines, witness.wake, clocks.put_forward))
    if {name.partition(".")[0] for name in os.listdir(where.folder)} & {name.partition(".")[0] for name in spare}:
        give_way(spare)
    if watch:
        watch_state(code)
        import seal
        before = seal.taken()
    else:
        watch_catching()
        witness.let_events_pass()
    give_way(MODULES)
    start_observer(commands, dict(COMMANDS), lambda: seal.changed(before))
    tell(event="begins")
    atexit.register(tell_who_is_left)  # is called last, after what the student registers
    run(path)

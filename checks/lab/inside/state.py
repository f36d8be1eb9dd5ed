"""What the program does just now: its threads, where each stands and what it waits for, and its connections."""

import _thread
import sys
import threading

import holds
import where
import witness
from where import places, steps
from witness import HERE, Keyboard, accepted, answer, connections, doing, is_open, limit_of, naps, not_started, observer, peer_of, tell

LAST_CONNECTIONS = 20  # of which is told at the end
WAITS = {("threading", "wait"), ("concurrent.futures.thread", "_worker")}


def locks_of(ident):
    """What is known of a thread's locks, where locks are watched: see `locking`."""
    return {}


def state():
    before = witness.activity
    open_ones = {id(conn) for fd, conn in list(connections.items()) if is_open(fd)}
    known = [conn.facts() | {"open": id(conn) in open_ones} for conn in dict.fromkeys([*witness.past, *list(connections.values())])]
    # The threads after them: one that has taken all, and is seen waiting for more now, is through with what it took.
    threads = [facts_of(ident, thread, frame) for ident, thread, frame in others()]
    return {"threads": threads, "connections": known,
            "accepted": len(accepted), "deepest": witness.deepest, "typed": Keyboard.taken, "moving": witness.activity != before,
            "not_started": [{"name": thread.name, "places": places(thread.made_at)} for thread in not_started()]}


def others():
    """The program's threads but the one that asks: [(ident, its threading.Thread or None, frame)]."""
    names = dict(threading._active)  # not enumerate(), which takes a lock that this thread may hold
    mine = {_thread.get_ident(), *observer}
    return [(ident, names.get(ident), frame) for ident, frame in sys._current_frames().items() if ident not in mine]


def facts_of(ident, thread, frame):
    call, sock, conn, timed, there, watched = doing.get(ident, ("", None, None, None, None, None))
    about = {"joins" if call == "join" else "watches": watched()} if watched else {}
    if there and there() or sock is not None and sock.gettimeout() == 0:
        call = ""  # it will go on as soon as the system lets it run
    if not call and waits_at_the_end(frame):
        call = "end"
    started_at, limit = getattr(thread, "started_at", ()), limit_of(sock, call) if sock is not None else None
    return {"id": ident, "name": thread.name if thread else "thread",
            "daemon": bool(thread and thread.daemon and not isinstance(thread, threading._DummyThread)),
            "main": thread is threading.main_thread(), "held": ident in holds.late, "call": call, "peer": conn.peer if conn else None,
            "watches": None, "joins": None, **about,
            "timed": limit is not None if sock is not None else bool(timed() if callable(timed) else timed), "limit": limit,
            "nap": naps[ident].facts() if ident in naps else None,
            "places": places(steps(frame)), "started_at": places(started_at), "own": is_own(started_at, frame),
            "waits": waits(frame), "idle_worker": idle_worker(frame), **locks_of(ident)}


def tasks():
    """Where the tasks of asyncio's loops wait: {the thread that runs the loop: [places]}. It is asked for when a verdict is known."""
    return {ident: tasks_in(frame) for ident, _, frame in others()}


def tasks_in(frame):
    """The same of the loop that this thread runs."""
    while frame is not None and frame.f_code.co_name != "run_forever":
        frame = frame.f_back
    tasks = sys.modules.get("asyncio.tasks")
    if frame is None or not hasattr(tasks, "all_tasks"):
        return []
    return [found for task in list(tasks.all_tasks(frame.f_locals.get("self"))) if (found := places(steps_of(task.get_coro())))]


def steps_of(coroutine):
    """The stack of a coroutine that waits, innermost first, see inspect.getcoroutinestate."""
    found = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        if coroutine.cr_running:
            return []
        awaited = coroutine.cr_await  # of one that runs it is garbage: at once, then, lest another thread come in between
        found.insert(0, (frame.f_code, frame.f_lasti))
        coroutine = awaited
    return found


def is_own(started_at, frame):
    """Is this a thread of the student's: one that his code has started itself, or that runs his code now?"""
    starter = next((code.co_filename for code, _ in started_at if not code.co_filename.startswith(HERE)), "")
    return starter.startswith(where.folder) or bool(places(steps(frame), 1))


def waits_at_the_end(frame):
    """Does this thread, the main one, wait at the program's end for the threads that are no daemon threads? Where there are none, it is through with that at once."""
    return frame.f_code.co_name == "_shutdown" and frame.f_globals.get("__name__") == "threading" and any(
        not thread.daemon for thread in list(threading._active.values()) if thread is not threading.main_thread())


def tell_who_is_left():
    """Tell of the student's threads that still run when the program ends, which stops them wherever they are, of the error that the main thread has caught last, of the last sends, and what was seen of the members."""
    left = [facts_of(*other) | {"peer": peer_of(other[0])} for other in others()]
    last, error = list(connections.values())[-LAST_CONNECTIONS:], witness.caught.get(threading.main_thread().ident)
    tell(event="left", caught=witness.in_places(error), threads=[thread for thread in left if thread["own"]][:LAST_CONNECTIONS], connections=[
        {"peer": conn.peer, "closed_at": places(conn.closed_at),
         "sends": [(offset, places(stack)) for offset, stack in list(conn.sends)[-4:]]} for conn in last],
         report=answer(COMMANDS["report"], ()) if "report" in COMMANDS else None)


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
        if where.is_theirs(frame.f_code):
            return False
        if frame.f_code.co_name == "_worker" and frame.f_globals.get("__name__") == "concurrent.futures.thread":
            return True
        frame = frame.f_back
    return False


def blame(peer, offset):
    """Where the byte at this offset of what went to that client was sent."""
    for conn in reversed(list(connections.values())):
        if conn.peer == int(peer):
            for start, stack in reversed(conn.sends):
                if start <= int(offset):
                    return places(stack)
    return ()


COMMANDS = {"state": state, "tasks": tasks, "blame": blame}

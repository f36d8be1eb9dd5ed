"""What orders two threads beside locks: who comes after whom (happens-before).

A thread comes after the one that started it, and after one that it has joined; whoever
takes from a queue after those who have put into it; whoever has waited for an event, a
condition, a barrier or a future after those who have set it; whoever has read from a
pipe or a pair of sockets after those who have written into it. What is right because
of such an order is right; that a lock was released and taken again orders nothing,
for the next time it may be the other way round. Nor does an event that a thread waits
for, clears and sets again.
"""

import _thread
import contextlib
import functools
import os
import queue
import socket
import sys
import threading

import holds
import witness
from actors import Actor, actors, follows, me, signals
from locking import WaitFor, blocks, ends
from locks import locks_of_processes, of_library
from where import steps

RealEvent, RealSimpleQueue = witness.RealEvent, queue.SimpleQueue
real = {"start": witness.real["start"], "join": threading.Thread.join, "bootstrap": threading.Thread._bootstrap_inner,
        "is_alive": threading.Thread.is_alive, "raw": _thread.start_new_thread, "barrier": threading.Barrier.wait, "make_timer": witness.real["make_timer"],
        "put": queue.Queue.put, "get": queue.Queue.get, "join_queue": queue.Queue.join, "task_done": queue.Queue.task_done,
        "pipe": os.pipe, "socketpair": socket.socketpair}

at_thread_end = []


# ------------------------------------------------------------------ threads

def start(thread):
    thread.started_clock = me().tells()
    witness.start(thread)


def bootstrap(thread):
    actor = actors[_thread.get_ident()] = Actor(getattr(thread, "started_clock", ()))
    for known in (witness.readers, witness.caught, witness.in_vain):
        known.pop(actor.ident, None)  # a number may be given again
    try:
        real["bootstrap"](thread)
    finally:
        thread.ended_clock = actor.tells()
        ends(actor)
        for after in at_thread_end:
            after()


def start_raw(function, *arguments):
    clock = me().tells()

    def run(*args, **kwargs):
        actor = actors[_thread.get_ident()] = Actor(clock)
        try:
            return function(*args, **kwargs)
        finally:
            ends(actor)

    return real["raw"](run, *arguments)


def join(thread, timeout=None):
    if timeout != 0:
        blocks("join")
    has_ended = hasattr(thread, "ended_clock")  # and its number may be another thread's
    with WaitFor(None if has_ended or timeout is not None else actors.get(thread.ident)), witness.Call(
            "join", None, None, timeout is not None, lambda: hasattr(thread, "ended_clock"), lambda: thread.ident):
        real["join"](thread, timeout)
    is_alive(thread)


def is_alive(thread):
    alive = real["is_alive"](thread)
    if not alive:
        me().comes_after(getattr(thread, "ended_clock", {}))
    return alive


# ------------------------------------------------------------------ queues

def put(self, item, block=True, timeout=None):
    self._put_at = steps(sys._getframe(1))
    if block and timeout != 0 and self.maxsize > 0:
        blocks("put")
    if self.qsize() == self.maxsize - 1:
        holds.at_put()
    signals(self)
    with witness.CallOf("put", self.not_full, timeout is not None):
        real["put"](self, item, block, timeout)
    if self.maxsize == 1:
        me().comes_after(dict(vars(self).get("_taken", ())))  # the place was free: who puts into it has the turn


def get(self, block=True, timeout=None):
    if block and timeout != 0:
        blocks("get")
    if self.maxsize == 1:
        self._taken = me().tells()
    with witness.CallOf("get", self.not_empty, timeout is not None or not block):
        item = real["get"](self, block, timeout)
    follows(self)
    return item


def task_done(self):
    signals(tasks_of(self))
    real["task_done"](self)


def join_queue(self):
    blocks("join")
    with witness.CallOf("tasks", self.all_tasks_done, False):
        real["join_queue"](self)
    follows(tasks_of(self))


class Tasks:
    """Stands for what has been done of what was put into a queue."""


def tasks_of(queue):
    return vars(queue).setdefault("_tasks", Tasks())


def under_way(queue):
    """One for each item that is in this SimpleQueue, or about to be put or got."""
    return vars(queue).setdefault("_under_way", [])


class SimpleQueue(RealSimpleQueue):
    """queue.SimpleQueue, which orders its threads, too."""

    def put(self, item, block=True, timeout=None):
        signals(self)
        self._put_at = steps(sys._getframe(1))
        under_way(self).append(None)
        super().put(item, block, timeout)

    def put_nowait(self, item):
        self.put(item, False)

    def get_nowait(self):
        return self.get(False)

    def get(self, block=True, timeout=None):
        if block and timeout != 0:
            blocks("get")
        with witness.Call("get", None, None, timeout is not None or not block, lambda: under_way(self)):
            item = super().get(block, timeout)
        under_way(self).pop()
        follows(self)
        return item


# ------------------------------------------------------------------ events and barriers

class Event(witness.Event):
    """threading.Event, which orders its threads, too."""

    def __new__(cls, *args, **kwargs):
        return RealEvent() if cls is Event and of_library() else super().__new__(cls)

    def set(self):
        if takers(self).pop(me().number, None) is not TAKEN:
            signals(self)
        super().set()

    def clear(self):
        actor = me()
        looked = takers(self).get(actor.number)
        if looked and not (actor.held and actor.held[0] is looked[0]):
            takers(self)[actor.number] = TAKEN
        super().clear()

    def is_set(self):
        is_set = super().is_set()
        if is_set:
            self._lets_through()
        return is_set

    def wait(self, timeout=None):
        if timeout != 0:
            blocks("wait")
        with witness.CallOf("wait", self._cond, timeout is not None):
            is_set = super().wait(timeout)
        if is_set:
            self._lets_through()
        return is_set

    def _lets_through(self):
        follows(self)
        takers(self)[me().number] = me().held[:1] or [None]


TAKEN = []


def takers(event):
    """{number of a thread that has found this event set: in which section of a lock, [None] for none; TAKEN when it has cleared it outside of that}

    Who has taken it, and sets it, gives it back: the event is used like a lock, and the
    next time it may be the other way round.
    """
    return vars(event).setdefault("_takers", {})


def wait_at_barrier(self, timeout=None):
    signals(self)
    blocks("wait")
    with witness.CallOf("wait", self._cond, timeout is not None or self._timeout is not None):
        index = real["barrier"](self, timeout)
    follows(self)
    return index


# ------------------------------------------------------------------ pipes and pairs of sockets

class Way:
    """From one end of a pipe or a pair of sockets to the other."""

    def __init__(self):
        self.on_the_way = {}  # thread -> bytes that it has sent, less those that it has received; nobody else writes there

    def count(self, size):
        ident = _thread.get_ident()
        self.on_the_way[ident] = self.on_the_way.get(ident, 0) + size


class Ways(dict):
    """File descriptor of an end -> the Way."""

    def gave_number(self, fd, copied=None):
        """This number stands for a new end, or for a copy of that one; what it has stood for was closed."""
        self.pop(fd, None)
        if copied in self:
            self[fd] = self[copied]

    def gives(self, fd):
        """Something is about to be sent on this end."""
        if fd in self:
            signals(self[fd])

    def has_given(self, fd, size):
        if fd in self:
            self[fd].count(size)

    def waiting(self, fd, timeout):
        """Mark this thread as waiting for what comes out of this end."""
        if fd not in self or timeout == 0:
            return contextlib.nullcontext()
        blocks("recv")
        return witness.Call("get", None, None, timeout is not None, lambda: self.has_something((fd,)))

    def takes(self, fd, size):
        if fd in self:
            self[fd].count(-size)
            follows(self[fd])

    def has_something(self, fds=None):
        """Is there something on its way to an end, of these if they are named, that is still open?"""
        return any(sum(list(way.on_the_way.values())) and witness.is_open(fd) for fd, way in list(self.items()) if fds is None or fd in fds)

    def __bool__(self):
        return True


ways = Ways()


def pipe():
    pair = real["pipe"]()
    ways.update(dict.fromkeys(pair, Way()))
    return pair


def socketpair(*args, **kwargs):
    pair = real["socketpair"](*args, **kwargs)
    numbers = [end.fileno() for end in pair]
    for number in numbers:
        witness.connections.pop(number, None)  # a number may be given again
    ways.update(dict.fromkeys(numbers, Way()))
    return pair


def write(fd, data):
    ways.gives(fd)
    size = real["write"](fd, data)
    ways.has_given(fd, size)
    return size


def read(fd, size):
    with ways.waiting(fd, None):
        data = real["read"](fd, size)
    ways.takes(fd, len(data))
    return data


# ------------------------------------------------------------------ what is imported by some programs only

def futures(module):
    """concurrent.futures._base: a future's result is there for all who see that it is done."""
    kind = module.Future

    def sets(name):
        def call(future, *args):
            signals(future)
            return plain(future, *args)
        plain = getattr(kind, name)
        return functools.wraps(plain)(call)

    def waits(name):
        def call(future, timeout=None):
            with witness.Call("wait", None, None, timeout is not None, lambda: future._state in module._FUTURE_STATES[2:]):
                try:
                    return plain(future, timeout)
                finally:
                    follows(future)
        plain = getattr(kind, name)
        return functools.wraps(plain)(call)

    def done(future):
        is_done = plain_done(future)
        if is_done:
            follows(future)
        return is_done

    def add_done_callback(future, function):
        def call(future):
            follows(future)
            return function(future)
        return plain_callback(future, functools.wraps(function, updated=())(call))

    def wait(*args, **kwargs):
        result = plain_wait(*args, **kwargs)
        for future in result.done:
            follows(future)
        return result

    def as_completed(*args, **kwargs):
        for future in plain_completed(*args, **kwargs):
            follows(future)
            yield future

    plain_done, plain_callback, plain_wait, plain_completed = kind.done, kind.add_done_callback, module.wait, module.as_completed
    for name in ("set_result", "set_exception", "cancel"):
        setattr(kind, name, sets(name))
    for name in ("result", "exception"):
        setattr(kind, name, waits(name))
    kind.done, kind.add_done_callback = functools.wraps(plain_done)(done), functools.wraps(plain_callback)(add_done_callback)
    module.wait, module.as_completed = functools.wraps(plain_wait)(wait), functools.wraps(plain_completed)(as_completed)


def loops(module):
    """asyncio.base_events: what is handed to a loop comes after what its thread has done."""
    def call_soon_threadsafe(loop, callback, *args, **kwargs):
        def call(*args):
            me().comes_after(clock)
            return callback(*args)
        clock = me().tells()
        return plain(loop, functools.wraps(callback, updated=())(call), *args, **kwargs)

    plain = module.BaseEventLoop.call_soon_threadsafe
    module.BaseEventLoop.call_soon_threadsafe = functools.wraps(plain)(call_soon_threadsafe)


def pools(module):
    """multiprocessing.pool: the event of a result is one of ours."""
    plain = module.ApplyResult.__init__

    def make(result, *args, **kwargs):
        plain(result, *args, **kwargs)
        result._event = witness.made(Event)

    module.ApplyResult.__init__ = functools.wraps(plain)(make)


def make_timer(timer, *args, **kwargs):
    """threading.Timer.__init__(): what it waits for is an event of ours."""
    real["make_timer"](timer, *args, **kwargs)
    timer.finished = witness.made(Event)


LATER = {"concurrent.futures._base": futures, "asyncio.base_events": loops, "multiprocessing.pool": pools, "multiprocessing.synchronize": locks_of_processes}


def imported(module):
    """This module of the library has just been imported."""
    change = LATER.get(module.__name__)
    if change:
        change(module)


# ------------------------------------------------------------------ in the library's place

def install():
    threading.Thread.start, threading.Thread.join, threading.Thread._bootstrap_inner = start, join, bootstrap
    threading.Thread.is_alive, threading.Barrier.wait, threading.Event = is_alive, wait_at_barrier, Event
    threading.Timer.__init__ = make_timer
    _thread.start_new_thread = _thread.start_new = start_raw
    queue.Queue.put, queue.Queue.get, queue.Queue.task_done, queue.Queue.join = put, get, task_done, join_queue
    queue.SimpleQueue = SimpleQueue
    witness.NOTHING_FOUND += (queue.Empty,)
    real.update(read=os.read, write=os.write)  # which see sockets already
    os.pipe, os.read, os.write, socket.socketpair = pipe, read, write, socketpair
    witness.ways = ways

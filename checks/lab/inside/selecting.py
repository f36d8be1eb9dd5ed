"""Waits for one of many sockets: select(), poll() and epoll(), and what `selectors` makes of them."""

import _thread
import select
import selectors
import sys
from time import monotonic  # the real clock, also when `clocks` has put its own in its place

import holds
import serving
import witness
from witness import Call, connections, real

PAUSE = 0.005  # seconds between two looks, when what is ready is not to be seen


def wait_for_one(timeout, wait, reading, writing, without, is_found=bool, name="select", timed=None, told_once=lambda: ()):
    """Return wait(timeout), marked as a wait of so many seconds, None: without end. timed: a function that says whether anything comes of its time-out.

    reading(), writing(): the file descriptors of which one is to have something to read, or
    room for something; told_once(): those of them of which wait() tells only that there is room again; without(ready): what
    wait() has returned but for what `is_refused`; is_found(ready): is there anything in it?
    """
    thread = _thread.get_ident()  # the observer asks in another one

    def without_room():
        return [fd for fd in writing() if fd in connections and (is_refused(fd, thread) or not witness.has_room(fd))]

    def watched():
        return [[connections[fd].peer for fd in fds if fd in connections] for fds in (reading(), without_room())]

    if holds.most["wait"] and timeout and any(fd in connections for fd in reading()):
        ready = wait(0)
        holds.most["wait"] -= not is_found(ready)
        return ready
    if witness.rests:
        witness.rests()
    if witness.blocks and (timeout is None or timeout > 0):
        witness.blocks(name)
    until = None if timeout is None else monotonic() + timeout

    def something_is_there():
        fds = reading()
        return (not {fd for fd in writing() if fd in connections} <= {*without_room(), *told_once()}
                or witness.ways and witness.ways.has_something(fds) or has_something([fd for fd in fds if fd not in connections]))

    there = (lambda: True) if timeout is not None and timeout <= 0 else something_is_there
    with Call("select", None, None, timed or timeout is not None, there, watched) as call:
        while True:
            ready = wait(None if until is None else max(0, until - monotonic()))
            seen = without(ready)
            call.found = is_found(seen)
            if call.found or not is_found(ready) or until is not None and monotonic() >= until:
                return seen
            real["sleep"](PAUSE)


def has_something(fds):
    """Is there something to read at one of these now? There are some into which we see nobody write, see eventfd(2)."""
    if not fds or not real["poll"]:
        return False
    poll = real["poll"]()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))


def is_refused(fd, thread=None):
    """Is there no room for what this thread, or the one that asks, sends here, as long as that is held? See holds.at_send."""
    conn = connections.get(fd)
    return conn is not None and bool(holds.asked.get(("full", conn.peer)) or holds.refused.get(("send", conn.peer)) == (thread or _thread.get_ident()))


def with_room(ready, writing, fd_of=lambda key: key):
    """What was found ready, [(key, events)], without the event `writing` where there is no room."""
    seen = [(key, events & ~writing if events & writing and has_none(fd_of(key)) else events) for key, events in ready]
    return [(key, events) for key, events in seen if events]


def has_none(fd):
    """The same of one that was found ready. Where there is room that is a promise: a send takes a byte at least."""
    conn = connections.get(fd)
    if conn is None:
        return False
    conn.is_promised = not (holds.asked and holds.refuses("send", conn, sys._getframe(2))) and not is_refused(fd)
    return not conn.is_promised


def number(file):
    return file if isinstance(file, int) else file.fileno()


def selecting(select):
    """A select method of a class in `selectors`, marked while it waits."""
    def without(ready):
        return with_room(ready, selectors.EVENT_WRITE, lambda key: key.fd)

    def wait(selector, timeout=None):
        def watching(events):
            return [fd for fd, key in list(selector._fd_to_key.items()) if key.events & events]

        return wait_for_one(timeout, lambda timeout: select(selector, timeout), lambda: watching(selectors.EVENT_READ), lambda: watching(selectors.EVENT_WRITE), without,
                            timed=serving.polls(sys._getframe(1)))
    return wait


def select_sockets(rlist, wlist, xlist, timeout=None):
    """select.select."""
    def without(ready):
        return ready[0], [file for file in ready[1] if not has_none(number(file))], ready[2]

    rlist, wlist = list(rlist), list(wlist)
    reading, writing = [[number(file) for file in files] for files in (rlist, wlist)]
    return wait_for_one(timeout, lambda timeout: real["select"](rlist, wlist, xlist, timeout), lambda: reading, lambda: writing, without, any)


class Poll:
    """What select.poll() returns."""

    kind, unit = "poll", 1000  # of which there are so many in a second
    ONCE = getattr(select, "EPOLLET", 0) | getattr(select, "EPOLLONESHOT", 0)
    IN, OUT = getattr(select, "POLLIN", 1) | getattr(select, "POLLPRI", 2), getattr(select, "POLLOUT", 4)  # as for epoll()

    def __init__(self, *args, **kwargs):
        self._real, self._masks = real[self.kind](*args, **kwargs), {}

    def __getattr__(self, name):
        return getattr(self._real, name)

    def register(self, fd, eventmask=IN | OUT):
        self._real.register(fd, eventmask)
        self._masks[number(fd)] = eventmask

    def modify(self, fd, eventmask):
        self._real.modify(fd, eventmask)
        self._masks[number(fd)] = eventmask

    def unregister(self, fd):
        self._masks.pop(number(fd), None)
        self._real.unregister(fd)

    def poll(self, timeout=None, *more, **named):
        def wait(seconds):
            return self._real.poll(None if seconds is None else seconds * self.unit, *more, **named)

        def without(ready):
            return with_room(ready, self.OUT)

        def watching(events):
            return [fd for fd, mask in list(self._masks.items()) if mask & events]

        seconds = None if timeout is None or timeout < 0 else timeout / self.unit
        return wait_for_one(seconds, wait, lambda: watching(self.IN), lambda: watching(self.OUT), without, name="poll", told_once=lambda: watching(self.ONCE))


class Epoll(Poll):
    """What select.epoll() returns."""

    kind, unit = "epoll", 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def install():
    select.select = select_sockets
    for kind in (Poll, Epoll):
        if real[kind.__name__.lower()]:
            setattr(select, kind.__name__.lower(), kind)
    for kind in {selectors.DefaultSelector, selectors.SelectSelector, getattr(selectors, "PollSelector", selectors.SelectSelector)}:  # socketserver's
        kind.select = selecting(kind.select)

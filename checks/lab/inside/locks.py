"""threading's locks, traced: see `locking` for what is known of them.

A lock of the student's is a traced one; the library's own locks are left alone.
"""

import _thread
import signal
import sys
import threading
import types

import locking
import where
import witness
from actors import follows, me, signals
from locking import Held, blocks, section_ended
from where import steps

real_lock, RealRLock = _thread.allocate_lock, threading.RLock
real_signal = signal.signal
RealCondition, RealSemaphore, RealBoundedSemaphore = threading.Condition, threading.Semaphore, threading.BoundedSemaphore


mutex_is_used = False  # does the student's code name the `mutex` of a queue.Queue? Then that is a lock of its own, too


def of_library(depth=2):
    """Is the code that calls us the standard library's?"""
    return where.is_library(sys._getframe(depth))


def is_mutex(frame):
    """Does this frame make the lock of a queue which the student's code takes itself?"""
    return mutex_is_used and frame.f_globals.get("__name__") == "queue"


def is_odd(blocking, timeout):
    return timeout != -1 and (not blocking or timeout < 0)


class Lock(Held):
    """threading.Lock, traced."""

    def __new__(cls):
        return real_lock() if of_library() and not is_mutex(sys._getframe(1)) else super().__new__(cls)

    def __init__(self):
        self.made, self.made_for = steps(sys._getframe(1)), witness.peer_of(_thread.get_ident())
        self._lock = real_lock()

    def acquire(self, blocking=True, timeout=-1):
        if is_odd(blocking, timeout):
            return self._lock.acquire(blocking, timeout)  # which says in its own words what is wrong
        actor, stack = me(), steps(sys._getframe(1))
        if not self._lock.acquire(False) and not self.waited_for(actor, stack, blocking, timeout):
            if self.holder is not actor:  # who has it already may ask whether it has, as threading.Condition does
                actor.missed = stack
            return False
        self.taken(actor, stack, timed=not blocking or timeout != -1)
        return True

    def release(self):
        self.given_back()
        try:
            self._lock.release()
        except RuntimeError:
            self.was_free(steps(sys._getframe(1)))
            raise
        section_ended()

    def locked(self):
        return self._lock.locked()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self):
        self.given_back()
        self._lock._at_fork_reinit()


class RLock(Held):
    """threading.RLock, traced."""

    reentrant = True

    def __new__(cls):
        return RealRLock() if of_library() else super().__new__(cls)

    def __init__(self):
        self.made, self.made_for = steps(sys._getframe(1)), witness.peer_of(_thread.get_ident())
        self._lock, self._count = real_lock(), 0  # not a real RLock: one that its thread has left behind would go to the next thread of that number

    def acquire(self, blocking=True, timeout=-1):
        if is_odd(blocking, timeout):
            return self._lock.acquire(blocking, timeout)
        actor = me()
        if self.holder is actor:
            self._count += 1
            return True
        stack = steps(sys._getframe(1))
        if not self._lock.acquire(False) and not self.waited_for(actor, stack, blocking, timeout):
            actor.missed = stack
            return False
        self._count = 1
        self.taken(actor, stack, timed=not blocking or timeout != -1)
        return True

    def release(self):
        if self.holder is not me():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self.given_back()
            self._lock.release()
        section_ended()

    def locked(self):
        return self.holder is not None

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()

    # what threading.Condition asks of its lock

    def _is_owned(self):
        return self.holder is me()

    def _release_save(self):
        count = self._count
        for _ in range(count):
            self.release()
        return count

    def _acquire_restore(self, count):
        for _ in range(count):
            self.acquire()

    def _recursion_count(self):
        return self._count if self._is_owned() else 0

    def _at_fork_reinit(self):
        self._count = 0
        self.given_back()
        self._lock._at_fork_reinit()


class OfProcesses(Held):
    """What lies in a Lock or RLock of multiprocessing, traced: it keeps the threads of one process apart, too."""

    def __init__(self, semlock):
        self.made, self.made_for = steps(sys._getframe(1)), witness.peer_of(_thread.get_ident())
        self._semlock = semlock

    def __getattr__(self, name):
        return getattr(self._semlock, name)

    @property
    def _lock(self):
        return types.SimpleNamespace(acquire=lambda blocking, timeout: self._semlock.acquire(blocking, None if timeout == -1 else timeout))

    def acquire(self, block=True, timeout=None):
        actor, stack = me(), steps(sys._getframe(1))
        if not self._semlock.acquire(False) and not self.waited_for(actor, stack, block, -1 if timeout is None else max(timeout, 0)):
            actor.missed = stack
            return False
        if self._semlock._count() == 1:
            self.taken(actor, stack, timed=not block or timeout is not None)
        return True

    def release(self):
        if self._semlock._count() == 1:
            self.given_back()
        self._semlock.release()
        section_ended()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


def locks_of_processes(module):
    """multiprocessing.synchronize: what locks, is traced."""
    def make_methods(lock):
        if lock._semlock.maxvalue == 1:
            lock._semlock = OfProcesses(lock._semlock)
        plain(lock)

    plain, module.SemLock._make_methods = module.SemLock._make_methods, make_methods


class Condition(RealCondition):
    """threading.Condition on a traced lock."""

    def __new__(cls, *args, **kwargs):
        return RealCondition(*args, **kwargs) if cls is Condition and of_library() else super().__new__(cls)

    def __init__(self, lock=None):
        super().__init__(made(RLock, sys._getframe(1)) if lock is None else lock)

    def wait_for(self, predicate, timeout=None):
        blocks("wait", but=self._lock)  # also when there is nothing to wait for just now
        return super().wait_for(predicate, timeout)

    def wait(self, timeout=None):
        if timeout != 0:
            blocks("wait", but=self._lock)
        with witness.CallOf("notify", self, timeout is not None):
            notified = super().wait(timeout)
        if notified:
            follows(self)
        return notified

    def notify(self, n=1):
        signals(self)
        super().notify(n)


def made(kind, frame):
    """A lock that counts as made by the code of this frame."""
    lock = object.__new__(kind)
    lock.__init__()
    lock.made = steps(frame)
    return lock


def semaphore(base):
    class Semaphore(base, Held):
        """A semaphore: one of one is used as a lock, others order threads."""

        def __new__(cls, *args, **kwargs):
            return base(*args, **kwargs) if cls is Semaphore and of_library() else super().__new__(cls)

        def __init__(self, value=1):
            base.__init__(self, value)  # not super(): BoundedSemaphore's own calls threading.Semaphore's, which is ours
            self.made = steps(sys._getframe(1))
            self.is_lock, self.orders = value == 1, value == 0  # several may come in at once, in any order, if it is more

        def acquire(self, blocking=True, timeout=None):
            actor, stack = me(), steps(sys._getframe(1))
            with witness.CallOf("lock", self._cond, timeout is not None or not blocking):
                got = super().acquire(blocking, timeout)
            if got and self.is_lock:
                self.taken(actor, stack, timed=not blocking or timeout is not None)
            elif got and self.orders:
                follows(self)
            return got

        def __enter__(self):
            return self.acquire()

        def release(self, n=1):
            if self.is_lock:
                self.given_back()
            else:
                signals(self)
            try:
                super().release(n)
            except ValueError:  # more often than it was acquired
                self.was_free(steps(sys._getframe(1)))
                raise
            if self.is_lock and self._value > 1:
                self.is_lock = False  # from now on two may get in at once
                self.was_free(steps(sys._getframe(1)))
            section_ended()

    Semaphore.__name__ = Semaphore.__qualname__ = base.__name__
    return Semaphore


def set_handler(number, handler):
    """signal.signal()."""
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    if code:
        locking.handlers.add(code)
    return real_signal(number, handler)


# ------------------------------------------------------------------ in the library's place

def install():
    threading.Lock, threading.RLock, threading.Condition = Lock, RLock, Condition
    signal.signal = set_handler
    _thread.allocate_lock = _thread.allocate = Lock
    threading.Semaphore, threading.BoundedSemaphore = semaphore(RealSemaphore), semaphore(RealBoundedSemaphore)
    witness.blocks = blocks

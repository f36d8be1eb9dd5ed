"""The room inside: races, locks and calls that block are judged right, in a program that is watched."""

import ast

import pytest
from lab.program import Program


DRIVER = '''
import builtins, os, sys, threading
store, stuck = builtins.__chat_lab__, []
locking, known = store.locking, store.note.__globals__
places, cells, races = known['places'], known['cells'], known['races']
locking.witness.tell = lambda event, kind="", **facts: stuck.append(kind or event) if event in ("stuck", "goes on") else None
names = sys.argv[1:] or sorted(name[:-3] for name in os.listdir() if name.startswith("case_"))
for name in names:
    try:
        __import__(name)
    except BaseException as error:
        stuck.append(repr(error))
    lines = sorted({tuple(sorted({places(access.stack)[0][1] for access in pair})) for _, pair, _ in races.values()})
    print(repr((name, lines, sorted({call[1] for call in list(locking.under_lock.values())}), bool(locking.opposite_orders()), list(stuck))), flush=True)
    for table in (cells, races, locking.in_order, locking.under_lock, stuck):
        table.clear()
os._exit(0)
'''
BEFORE = """import queue, socket, select, threading, time, contextlib, concurrent.futures, functools, selectors
def run(*functions, wait=True):
    threads = [threading.Thread(target=function, daemon=True) for function in functions]
    for thread in threads: thread.start()
    for thread in threads if wait else (): thread.join()
lock, other, rlock, d, l = threading.Lock(), threading.Lock(), threading.RLock(), {1: 2}, [1]
ready = threading.Event()
def touch(): d[1] = 3
def look(): return 1 in d.values()
"""


def watched(cases):
    """Run these snippets one after another in a watched program; return {name: (races, blocking calls under a lock, opposite orders?, stuck)}."""
    files = {"server.py": b"exec(compile(open('driver.txt').read(), '<driver>', 'exec'))\n", "driver.txt": DRIVER.encode()}
    names = {f"case_{number:03}": case for number, case in enumerate(cases)}
    files |= {f"{name}.py": (BEFORE + cases[case] + "\n").encode() for name, case in names.items()}
    program = Program(files, "server.py", watch=True)
    try:
        assert program.ends_within(20) and program.printed_all.wait(5), program.output
        found = [ast.literal_eval(line) for line in program.output.splitlines() if line.startswith("('case_")]
    finally:
        program.stop()
    assert [each[0] for each in found] == list(names), program.output
    return {names[name]: rest for name, *rest in found}


ORDERED = {
    "start and join": "touch()\nrun(touch)\nlook()\nrun(look)\ntouch()",
    "one lock": "def f():\n    with lock: touch()\nrun(f, f, f)",
    "acquire and release": "def f():\n    lock.acquire()\n    try: look(); touch()\n    finally: lock.release()\nrun(f, f)",
    "reentrant": "def g():\n    with rlock: touch()\ndef f():\n    with rlock:\n        g()\n        look()\nrun(f, f)",
    "condition": "c = threading.Condition()\ndef f():\n    with c:\n        while not l: c.wait()\n        touch()\ndef g():\n    with c:\n        l.append(1); c.notify_all()\nl.clear(); run(f, f, g)",
    "condition on a lock": "c = threading.Condition(lock)\ndef f():\n    with c: touch()\ndef g():\n    with lock: touch()\nrun(f, g)",
    "semaphore of one": "s = threading.BoundedSemaphore()\ndef f():\n    with s: touch()\nrun(f, f)",
    "semaphore hands over": "s = threading.Semaphore(0)\ndef f(): touch(); s.release()\ndef g(): s.acquire(); touch()\nrun(f, g)",
    "queue hands over": "q = queue.Queue()\ndef f(): touch(); q.put(1)\ndef g(): q.get(); touch()\nrun(f, g)",
    "simple queue": "q = queue.SimpleQueue()\ndef f(): touch(); q.put_nowait(1)\ndef g():\n    q.get(); touch()\nrun(f, g)",
    "event": "def f(): touch(); ready.set()\ndef g(): ready.wait(); touch()\nrun(f, g)",
    "event looked at": "def f(): touch(); ready.set()\ndef g():\n    while not ready.is_set(): time.sleep(0.001)\n    touch()\nrun(f, g)",
    "ping-pong of two events": "there = threading.Event()\ndef f():\n    for n in range(5): touch(); ready.set(); there.wait(); there.clear()\n"
                               "def g():\n    for n in range(5): ready.wait(); ready.clear(); touch(); there.set()\nrun(f, g)",
    "event cleared by the worker": "done = threading.Event()\ndef f(): touch(); ready.set(); done.wait(); touch()\ndef g(): ready.wait(); ready.clear(); touch(); done.set()\nrun(f, g)",
    "event set again by the worker": "done = threading.Event()\ndef f(): touch(); ready.set(); done.wait(); touch()\n"
                                     "def g(): ready.wait(); ready.clear(); ready.set(); ready.wait(); touch(); done.set()\nrun(f, g)",
    "event passed on by who waited": "done = threading.Event()\ndef f(): touch(); ready.set()\ndef g(): ready.wait(); touch(); ready.set(); done.set()\ndef h(): done.wait(); touch()\nrun(f, g, h)",
    "event taken under a lock": "def f():\n    while True:\n        ready.wait()\n        with lock:\n            if ready.is_set(): ready.clear(); break\n    touch(); ready.set()\nready.set(); run(f, f, f)",
    "decorated": "def locked(f):\n    @functools.wraps(f)\n    def inner(*a):\n        with lock: return f(*a)\n    return inner\ntouch = locked(touch)\nrun(touch, touch)",
    "exit stack": "def f():\n    with contextlib.ExitStack() as s:\n        s.enter_context(lock)\n        s.callback(d.pop, 7, None)\n        touch()\nrun(f, f)",
    "own data": "def f():\n    mine = {}\n    for n in range(9): mine[n] = n\nrun(f, f)",
    "reads alone": "run(look, look)",
    "a view handed on": "v = d.values()\ndef f():\n    with lock: d[1] = 1\ndef g():\n    w = None or v\n    with lock: return 2 in w, list(v)\nrun(f, g)",
    "timer": "def f():\n    with lock: touch()\nt = threading.Timer(0, f); t.start()\nf(); t.join()",
    "raw thread": "import _thread\ntouch()\n_thread.start_new_thread(lambda: (touch(), ready.set()), ())\nready.wait(); touch()",
    "subclasses": "class E(threading.Event):\n    def __init__(self, name, *, x): super().__init__(); self.name = name\nclass C(threading.Condition):\n    def __init__(self, a, b): super().__init__()\n"
                  "class S(threading.Semaphore):\n    def __init__(self, a, b): super().__init__(1)\ne, c, s = E(1, x=2), C(1, 2), S(1, 2)\ndef f():\n    with c, s: touch()\nrun(f, f)\ne.set()",
    "own dict with a lock": "class R(dict):\n    def __iter__(self):\n        with lock: return iter(list(super().keys()))\n    def __len__(self):\n        with lock: return super().__len__()\n"
                            "    def __setitem__(self, k, v):\n        with lock: super().__setitem__(k, v)\nr = R()\ndef f(): r[1] = 2; len(r), list(r), sorted(r), bool(r)\nrun(f, f)",
    "made, then handed over": "c, box = threading.Condition(), []\ndef f():\n    s = []\n    for n in (1, 2): s.append(n)\n    with c: box.append(s); c.notify()\n"
                              "def g():\n    with c:\n        while not box: c.wait()\n    box.pop().append(3)\nrun(f, g)",
    "lock as a signal": "other.acquire()\ndef f(): touch(); other.release()\ndef g(): other.acquire(); touch()\nrun(f, g)",
    "notify": "c, there = threading.Condition(), []\ndef f():\n    touch(); look()\n    with c: there.append(1); c.notify_all()\ndef g():\n    with c: c.wait_for(lambda: there)\n    touch()\nrun(f, g)",
    "future": "p = concurrent.futures.ThreadPoolExecutor(2)\ntouch()\np.submit(touch).result(); touch()\np.submit(touch).exception(); look(); touch()\n"
              "concurrent.futures.wait([p.submit(touch)]); touch()\nfor f in concurrent.futures.as_completed([p.submit(touch)]): touch()\nlist(p.map(lambda n: touch(), [1])); touch()\n"
              "f = p.submit(touch)\nwhile not f.done(): time.sleep(0.001)\ntouch()\nf.add_done_callback(lambda f: touch()); p.submit(touch).add_done_callback(lambda f: (touch(), ready.set())); ready.wait(); touch()\n"
              "p.submit(touch); p.shutdown(); touch()",
    "future by hand": "f = concurrent.futures.Future()\ndef a(): touch(); f.set_result(1)\ndef b(): f.result(); touch()\nrun(a, b)",
    "barrier": "b = threading.Barrier(2)\ndef f(): touch(); b.wait(); b.wait()\ndef g(): b.wait(); touch(); b.wait()\nrun(f, g)",
    "task done": "q = queue.PriorityQueue()\nq.put(1)\ndef f():\n    q.get(); touch(); q.task_done(); ready.wait()\nrun(f, wait=False)\nq.join(); touch(); ready.set()",
    "lifo": "q = queue.LifoQueue()\ndef f(): touch(); q.put(1)\ndef g(): q.get(); touch()\nrun(f, g)",
    "queue of one place": "q = queue.Queue(1)\ndef f():\n    for n in range(20): q.put(1); touch(); q.get()\nrun(f, f, f)",
    "thread's own start": "class T(threading.Thread):\n    def start(self): touch(); super().start(); return self\n    def run(self): touch(); look()\n    def join(self): super().join(); touch()\nT().start().join()",
    "is alive": "t = threading.Thread(target=touch); t.start()\nwhile t.is_alive(): time.sleep(0.001)\ntouch()",
    "timer later": "touch()\nt = threading.Timer(0.001, touch); t.start(); t.join(); touch()",
    "thread pool": "import multiprocessing.dummy\np = multiprocessing.dummy.Pool(2)\nfor _ in 1, 2: touch(); p.apply(touch); touch(); p.map(lambda n: touch(), [1]); touch(); p.apply_async(touch).get(); touch()",
    "asyncio": "import asyncio\nloop = asyncio.new_event_loop()\nt = threading.Thread(target=loop.run_forever, daemon=True); t.start()\nasync def f(): touch(); await asyncio.to_thread(touch); touch(); await loop.run_in_executor(None, touch); touch()\n"
               "touch(); asyncio.run_coroutine_threadsafe(f(), loop).result(); touch()\nloop.call_soon_threadsafe(lambda: (touch(), ready.set())); ready.wait(); touch()",
    "pipe": "import os\nr, w = os.pipe()\ndef f(): touch(); os.write(w, b'x')\ndef g(): os.read(r, 1); touch()\nrun(f, g)",
    "socketpair": "a, b = socket.socketpair()\ndef f(): touch(); a.sendall(b'x'); a.recv(1); touch()\ndef g(): b.recv(1); touch(); b.send(b'y')\nrun(f, g)",
    "thread local": "me = threading.local()\ndef f():\n    me.d = {}; me.d[1] = 2; me.d = {**me.d, 2: 3}; me.d |= {5: 6}\n    for x in me.d: pass\nrun(f, f)",
    "class attributes": "class R: d = {}\ndef f():\n    with lock: R.d = {**R.d, 1: 2}\n    with lock: R.d |= {5: 6}; setattr(R, 'd', {})\nrun(f, f)",
    "socketserver": "import socketserver\nclass H(socketserver.BaseRequestHandler):\n    def handle(self): touch()\nclass S(socketserver.ThreadingTCPServer): block_on_close = True\ns = S(('127.0.0.1', 0), H); touch()\n"
                    "c = socket.create_connection(s.server_address); s.handle_request(); c.recv(1); s.server_close(); touch()",
    "tuple handed over": "members = ()\ndef f():\n    global members\n    with lock: members = (*members, 1)\ndef g():\n    with lock: m = members\n    for x in m: pass\nrun(f, g, f, g)",
}
RACES = {  # where, counted from the snippet's first line
    "no lock": ("def f():\n    d[1] = 1\nrun(f, f)", [2]),
    "look without": ("def f():\n    with lock: d[1] = 1\ndef g():\n    return 1 in d.values()\nrun(f, g)", [2, 4]),
    "two locks": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with other: d[1] = 1\nrun(f, g)", [2, 4]),
    "a lock each time": ("def f():\n    with threading.Lock(): d[1] = 1\nrun(f, f)", [2]),
    "view escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = d.items()\n    for x in v: pass\nrun(f, g, f)", [2, 5]),
    "generator escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = (x for x in d)\n    list(v)\nrun(f, g, f)", [2, 4]),
    "an own __iter__ lets it escape": ("class R:\n    def __iter__(self):\n        with lock: return iter(d)\nr = R()\ndef f():\n    with lock: d[1] = 1\ndef g():\n    for x in r: pass\nrun(f, g, f)", [6, 8]),
    "zip escapes": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with lock: v = zip(d, [1])\n    list(v)\nrun(f, g, f)", [2, 5]),
    "semaphore of two": ("s = threading.Semaphore(2)\ndef f():\n    with s: d[1] = 1\nrun(f, f)", [3]),
    "event as a gate": ("def f():\n    ready.wait(); ready.clear()\n    d[1] = 1\n    ready.set()\nready.set(); run(f, f)", [3]),
    "event as a gate, looked at": ("def f():\n    while not ready.is_set(): time.sleep(0.001)\n    ready.clear()\n    d[1] = 1\n    ready.set()\nready.set(); run(f, f)", [4]),
    "callback": ("def f():\n    with lock: d[1] = 1\ndef g():\n    with contextlib.ExitStack() as s:\n        s.callback(d.pop, 1, None)\nrun(f, g)", None),
    "target": ("def f():\n    with lock: d[1] = 1\ndef g():\n    t = threading.Thread(target=d.clear)\n    t.start()\n    t.join()\nrun(f, g)", [2, 4]),
    "after the start": ("t = threading.Thread(target=touch)\nt.start()\nd[1] = 1\nt.join()", None),
    "key function": ("def f():\n    with lock: d[1] = 1\ndef g():\n    sorted([1, 1], key=d.get)\nrun(f, g)", [2, 4]),
    "rebound global": ("members = ()\ndef f():\n    global members\n    members = (*members, 1)\nrun(f, f)", [4]),
    "rebound by walrus": ("members = ()\ndef f():\n    global members\n    if (members := (1, 2)): pass\nrun(f, f)", [4]),
    "rebound in a closure": ("def main():\n    members = ()\n    def f():\n        nonlocal members\n        members += (1,)\n    run(f, f)\nmain()", [5]),
    "rebound attribute": ("class R:\n    m = ()\n    def f(self):\n        self.m = self.m + (1,)\nr = R()\nrun(r.f, r.f)", [4]),
    "released too early": ("def f():\n    lock.acquire()\n    lock.release()\n    d[1] = 1\nrun(f, f)", [4]),
    "condition waits": ("c = threading.Condition()\ndef f():\n    with c: d[1] = 1\ndef g():\n    with c: c.wait(0.01)\n    d[1] = 1\nrun(f, g, f)", [3, 6]),
}
HEAD = BEFORE.count("\n")


@pytest.fixture(scope="module")
def observed():
    """What was seen of all the snippets."""
    return watched({**ORDERED, **{name: source for name, (source, _) in RACES.items()},
                    **{call: UNDER_LOCK % call for call in (*BLOCK, *DO_NOT_BLOCK)}, **LOCKS})


@pytest.mark.parametrize("name", ORDERED)
def test_what_is_ordered_is_no_race(observed, name):
    races, _, opposite, stuck = observed[name]
    assert races == [] and not opposite and not stuck


@pytest.mark.parametrize("name", RACES)
def test_what_is_not_ordered_is_a_race(observed, name):
    races, *_, stuck = observed[name]
    lines = RACES[name][1]
    assert races and not stuck and (lines is None or tuple(line + HEAD for line in lines) in races)


UNDER_LOCK = """a, b = socket.socketpair()
listener = socket.create_server(("127.0.0.1", 9090))
b.sendall(b"one\\ntwo\\nthree\\n")
here, there = socket.create_connection(("127.0.0.1", 9090)), listener.accept()[0]
there.sendall(b"x"); here.setblocking(False); select.select([here], [], [], 5)
done = threading.Thread(target=int); done.start()
bounded, q, sq, s0 = queue.Queue(5), queue.Queue(), queue.SimpleQueue(), threading.Semaphore(1)
bounded.put(1); q.put(1); sq.put(1); ready.set()
cond, own = threading.Condition(), threading.Condition(lock)
pool = concurrent.futures.ThreadPoolExecutor(1); future = pool.submit(int)
file = there.makefile("wb"); file.write(b"y")
selector = selectors.DefaultSelector(); selector.register(a, selectors.EVENT_READ)
c = socket.socket()
def f():
    with lock:
        %s
f()
listener.close(); pool.shutdown()
"""
BLOCK = {"there.send(b'x')": "send", "there.sendall(b'x')": "send", "file.flush()": "send", "a.recv(1)": None, "a.makefile().readline()": None, "c.connect(('127.0.0.1', 9090)); listener.accept()": "accept",
         "c.connect(('127.0.0.1', 9090))": "connect", "time.sleep(0.001)": "sleep", "done.join()": "join", "bounded.put(2)": "put", "bounded.get()": "get", "q.get()": "get", "sq.get()": "get",
         "ready.wait()": "wait", "ready.wait(1)": "wait", "with cond: cond.wait(0.001)": "wait", "with cond: cond.wait_for(lambda: 0, 0.001)": "wait",
         "select.select([a], [], [], 0.01)": "select", "future.result()": "result", "concurrent.futures.wait([future])": "wait", "selector.select(1)": "select", "selector.select()": "select",
         "p = select.poll(); p.register(a); p.poll(1)": "poll", "q.get(); q.task_done(); q.join()": "join"}
DO_NOT_BLOCK = ("q.put(2)", "bounded.put_nowait(2)", "bounded.put(2, False)", "q.get_nowait()", "sq.put(1)", "sq.get_nowait()", "here.recv(1)", "here.send(b'x')", "select.select([a], [], [], 0)", "print('hi')",
                "a.close()", "there.shutdown(socket.SHUT_RDWR)", "selector.select(0)", "ready.wait(0)", "done.join(0)", "time.sleep(0)", "own.wait(0.001)", "own.notify_all()", "ready.set()",
                "with s0: pass", "with rlock, rlock: pass", "q.get(timeout=0)", "len(d), ','.join(map(str, d)), 'a'.join([])", "threading.Thread(target=int).start()")


@pytest.mark.parametrize("call", BLOCK)
def test_calls_that_block_under_a_lock(observed, call):
    _, under_lock, _, stuck = observed[call]
    assert (BLOCK[call] in under_lock if BLOCK[call] else under_lock in ([], ["recv"])) and not stuck


@pytest.mark.parametrize("call", DO_NOT_BLOCK)
def test_calls_that_do_not_block(observed, call):
    _, under_lock, _, stuck = observed[call]
    assert under_lock == [] and not stuck


LOCKS = {
    "again": "def f():\n    with lock:\n        ready.set()\n        with lock: pass\nrun(f, wait=False); ready.wait(); time.sleep(0.05)",
    "circle": "r2 = threading.Event()\ndef f():\n    with lock:\n        ready.set(); r2.wait()\n        with other: pass\ndef g():\n    with other:\n        r2.set(); ready.wait()\n        with lock: pass\n"
              "run(f, g, wait=False); time.sleep(0.1)",
    "kept before": "run(lambda: lock.acquire())\nrun(lambda: lock.acquire(), wait=False); time.sleep(0.05)",
    "kept later": "def f():\n    lock.acquire(); ready.wait()\nrun(f, wait=False)\nwhile not lock.locked(): time.sleep(0.001)\nrun(lambda: lock.acquire(), wait=False); time.sleep(0.05); ready.set(); time.sleep(0.05)",
    "joins each other": "def f(): ready.wait(); ts[1].join()\ndef g(): ready.wait(); ts[0].join()\nts = [threading.Thread(target=t, daemon=True) for t in (f, g)]\n"
                        "for t in ts: t.start()\nready.set(); time.sleep(0.05)",
    "joins under its lock": "def f():\n    ready.wait()\n    with lock: pass\nt = threading.Thread(target=f, daemon=True); t.start()\ndef g():\n    with lock: ready.set(); t.join()\nrun(g, wait=False); time.sleep(0.05)",
    "joins are fine": "def f():\n    t = threading.Thread(target=touch); t.start(); t.join(); t.join()\nrun(f, f)",
    "a signal": "lock.acquire()\nrun(lambda: (time.sleep(0.02), lock.release()), wait=False)\nlock.acquire()\nrun(lambda: lock.release())\nlock.acquire()\nrun(lambda: lock.release(), wait=False)\nlock.acquire()",
    "reentrant is fine": "with rlock:\n    with rlock: assert rlock.acquire(False); rlock.release()\nassert rlock.acquire(timeout=1); rlock.release()\ntry: rlock.release()\nexcept RuntimeError: pass\nelse: 1 / 0",
    "timeouts": "lock.acquire()\nassert not lock.acquire(timeout=0.01) and not lock.acquire(False) and not lock.acquire(timeout=0) and lock.locked()\nlock.release()\nassert not lock.locked()\n"
                "for bad in ((False, 5), (True, -2)):\n    for one in (lock, rlock):\n        try: one.acquire(*bad)\n        except ValueError: pass\n        else: 1 / 0\ntry: lock.release()\nexcept RuntimeError: pass\nelse: 1 / 0",
    "wait gives back": "c = threading.Condition()\ndef f():\n    with c:\n        with c: ready.set(); c.wait()\nt = threading.Thread(target=f); t.start(); ready.wait()\nwith c: c.notify()\nt.join()",
    "the library's own": "import _thread, logging\nassert type(vars(queue.Queue())['mutex']) is type(threading._allocate_lock()) and type(logging._lock) is not type(rlock)\nassert type(concurrent.futures.Future()._condition) is not threading.Condition\n"
                         "assert type(ready._cond) is not threading.Condition and type(threading.Thread()._started) is not threading.Event",
    "a file of a socket": "import io\na, b = socket.socketpair()\nf, g = a.makefile('w'), a.makefile('rwb')\ndef say():\n    for n in range(9): print('x', file=f, flush=True); g.write(b'x\\n'); g.flush()\nrun(say, say)\n"
                          "f.close(); g.close(); a.close()\nassert b.makefile().read() == 'x\\n' * 36 and isinstance(g, io.BufferedRWPair)",
    "one order": "def f():\n    with lock, other: pass\nrun(f, f)", "opposite": "def f():\n    with lock, other: pass\ndef g():\n    with other, lock: pass\nrun(f); run(g)",
    "opposite at last": "def f():\n    for n in range(9):\n        with lock, other: pass\n        with other, lock: pass\ndef g():\n    with lock, other: pass\nrun(f); run(g)",
    "opposite in a third": "def f():\n    with rlock, lock, other: pass\ndef g():\n    with rlock, other, lock: pass\nrun(f); run(g)",
    "a fork": "import os\npid = os.fork()\nif not pid: os.kill(os.getpid(), 9)\nos.waitpid(pid, 0)",
    "a property called name": "class T(threading.Thread):\n    name = property(lambda self: 1 / 0, lambda self, value: None)\n    def run(self): touch()\nts = [T(), T()]\nfor t in ts: t.start()\nfor t in ts: t.join()",
    "deep": "def f(n):\n    for x in [1]: return f(n + 1) if n < 200 else n\nassert f(0) == 200",
}
STUCK = {"again": ["again"], "joins each other": ["circle"], "joins under its lock": ["circle"], "circle": ["circle"], "kept before": ["kept"], "kept later": ["kept"], "a signal": ["again", "goes on"]}


@pytest.mark.parametrize("name", LOCKS)
def test_locks(observed, name):
    *_, opposite, stuck = observed[name]
    assert stuck == STUCK.get(name, []) and opposite == (name in ("opposite", "opposite at last"))


def test_a_long_traceback_is_told():
    """A recursion without end is told as what it is, whatever its length."""
    source = b"import threading\ndef f(d):\n    for x in d: f(d)\nthreading.Thread(target=f, args=([1],)).start()\n"
    program = Program({"server.py": source}, "server.py", watch=True)
    assert program.ends_within(10) and program.wait_for(lambda: program.errors, 5)
    program.stop()
    assert "RecursionError" in program.errors[0]["error"] and "store.py" not in program.output

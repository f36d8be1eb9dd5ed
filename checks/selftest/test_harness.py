"""The harness by itself: what programs may do to it, and what must be left of them."""

import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest
from lab import processes
from lab.evidence import Evidence
from lab.program import OUTPUT_KEPT, Program
from lab.server import Server
from lab.story import Story, difference, shown
from lab.terminal import Screen
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Check, Failure, LabError, NotStarted, points

TOP = Path(__file__).parent.parent.parent
ECHO = (TOP / "solutions/02_threads/server.py").read_text()


@pytest.fixture
def start():
    """Start a server of lesson 02 from its source; everything is stopped afterwards."""
    servers = []

    def start(source):
        server = Server({"server.py": source.encode()}, "02_threads")
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


def test_the_port_is_the_childs_own(start):
    one, two = start(ECHO), start(ECHO)
    assert one.port != two.port
    assert one.listener["asked"] == ("127.0.0.1", 9090) and one.listener["where"][0] == ["server.py", 21, "main"]
    for server in (one, two):
        server.client("alice").is_served()


def test_threads_and_where_they_stand(start):
    server = start(ECHO)
    server.client("alice").is_served()
    server.comes_to_rest()
    assert server.counts() == (2, 2)
    lines = server.evidence.standing(server.ask("state"))
    assert lines == ["main thread: waits in accept() for the next client, at server.py:24 in main",
                     "thread of alice: waits in recv() for alice to send, at server.py:13 in handle_client"]


def test_idle_is_proved_not_guessed(start):
    """A server that answers late is not idle, whatever its threads look like meanwhile."""
    server = start(ECHO.replace("conn.sendall(data)", "threading.Timer(0.7, conn.sendall, (data,)).start()"))
    server.client("alice").is_served()


def test_idle_is_told_at_once(start):
    server = start(ECHO.replace("conn.sendall(data)", "pass"))
    alice = server.client("alice")
    with pytest.raises(Failure, match="nothing came back to alice, and that will not change: the server has read all"):
        alice.is_served()
    assert server.deadlines == 0


def test_blame_finds_the_line_of_a_byte(start):
    server = start(ECHO.replace("conn.sendall(data)", "conn.sendall(data[:1])\n                conn.sendall(b'?')"))
    with pytest.raises(Failure) as caught:
        server.client("alice").is_served()
    assert caught.value.where[0] == {"file": "server.py", "line": 15, "what": "sends this to alice"}


@pytest.mark.parametrize("last_step, words", [
    ("raise ValueError('enough')", "server.py stopped with ValueError: enough"),
    ("sys.exit(3)", "server.py ended (sys.exit(3))"),
    ("os._exit(4)", "server.py ended (os._exit(4))"),
    ("", "server.py ended (exit code 0)"),
    ("threading.Event().wait()", "the server closed alice's connection")])
def test_an_end_is_told_as_what_it_is(start, last_step, words):
    """A program closes its sockets first and ends a little later; what is told does not depend on how much later."""
    for seconds in (0, 0.3):
        server = start("import os, socket, sys, threading, time\nlistener = socket.create_server(('127.0.0.1', 9090))\n"
                       f"listener.accept()[0].close()\ntime.sleep({seconds})\n{last_step}\n")
        with pytest.raises(Failure) as caught:
            server.client("alice").is_served()
        assert caught.value.message == words


def test_a_last_message_may_come_in_pieces():
    source = ("import socket, time\nconn, _ = socket.create_server(('127.0.0.1', 9090)).accept()\nconn.recv(100)\n"
              "for piece in (b'{\"type\": \"system\",', b' \"text\": \"no\"}', b'\\n'):\n    conn.sendall(piece)\n    time.sleep(0.2)\n"
              "conn.close()\ntime.sleep(5)\n")
    server = Server({"server.py": source.encode()}, "03_messages").start()
    mallory = server.client("mallory")
    mallory.sends_bytes(b"nonsense\n")
    mallory.gets_end()
    server.stop()


def test_evidence_of_a_client():
    """The same evidence is gathered of a client.py, under its own name."""
    files = {"client.py": b"import os\n\nprint('one line')\nopen('no such file')\n"}
    program = Program(files, "client.py")
    evidence = Evidence(program, files, "client.py", str)
    assert evidence.has_ended()
    failure = evidence.failure(evidence.how_it_ended())
    program.stop()
    assert failure.message.startswith("client.py stopped with FileNotFoundError: [Errno 2]") and failure.where[0]["line"] == 4
    assert failure.detail[-1][1][0] == "one line"


def test_a_program_that_the_kit_could_not_start_is_no_fault_of_the_students(start, monkeypatch, tmp_path):
    """Whatever stands between us and its first line: a broken kit, a sandbox that is refused."""
    monkeypatch.setattr(processes, "FORKS", False)
    monkeypatch.setattr(processes, "START", "raise OSError('no such namespace')")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(LabError, match="no such namespace"):
        start(ECHO)

    def refuses(*_):
        raise LabError("not here")

    monkeypatch.setattr(processes, "start", refuses)
    with pytest.raises(LabError, match="not here"):
        start(ECHO)
    assert len(list(tmp_path.iterdir())) == 1  # the first one's, until the test is over


ACCEPTS = """import signal, socket, threading, time
done, listener = threading.Event(), socket.create_server(("127.0.0.1", 9090))
threading.Thread(target=listener.accept, daemon=True).start()
"""


@pytest.mark.parametrize("source", [
    ECHO,
    "import socketserver\nsocketserver.ThreadingTCPServer(('127.0.0.1', 9090), socketserver.StreamRequestHandler).serve_forever()\n",
    "import asyncio\n\nasync def main():\n    await asyncio.start_server(print, '127.0.0.1', 9090)\n    await asyncio.Event().wait()\n\nasyncio.run(main())\n",
    ACCEPTS + "while not done.is_set():\n    time.sleep(0.5)\n", ACCEPTS + "signal.sigwait({signal.SIGINT})\n"])
def test_rest_is_seen(start, source):
    server = start(source)
    assert server.waits_until(server.program.is_at_rest, 5)


@pytest.mark.parametrize("call", [
    "listener.accept()", "clients[0].recv(100)", "selector.select(0)", "len(clients)"])
def test_who_only_looks_does_not_rest(start, call):
    """A call that does not block waits for nobody, as often as it is seen."""
    server = start(f"""
import contextlib, selectors, socket, time
listener, selector = socket.create_server(("127.0.0.1", 9090)), selectors.DefaultSelector()
clients = [listener.accept()[0]]
for sock in listener, *clients:
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_READ)
while True:
    with contextlib.suppress(BlockingIOError):
        {call}
""")
    server.client("alice")
    assert server.waits_until(lambda: server.has_accepted(1), 5)
    assert not any(server.rests() or server.program.is_at_rest() for _ in range(200))


@pytest.mark.parametrize("seconds, serves", [(0.002, False), (0.03, False), (0.03, True), (0.3, True)])
def test_who_sleeps_and_looks_rests_when_there_is_nothing_to_see(start, seconds, serves):
    server = start(f"""
import collections, socket, threading, time
todo = collections.deque()

def answers():
    while True:
        time.sleep({seconds})
        if todo:
            conn, data = todo.popleft()
            conn.sendall(data)

def reads(conn):
    while data := conn.recv(100):
        time.sleep(0.01)
        todo.append((conn, data))

listener = socket.create_server(("127.0.0.1", 9090))
threading.Thread(target=answers, daemon=True).start()
conn, _ = listener.accept()
{'todo.append((conn, b"welcome"))' if serves else ''}
reads(conn)
""")
    alice = server.client("alice")
    if serves:
        alice.gets_bytes(b"welcome")
    for _ in range(5):
        alice.speaks()
        assert server.waits_until(server.rests, 5) and alice.has_something()
        alice.hears_back()


@pytest.mark.parametrize("starts, line, what", [("threading.Thread(target=answers)", 13, "is made here, and never started"),
                                                ("threading.Thread(target=answers).start()", 9, "waits for another thread to do something")])
def test_who_should_have_answered_is_shown(start, starts, line, what):
    server = start(f"""
import socket, threading
todo, changed = [], threading.Condition()

def answers():
    while True:
        with changed:
            while not todo:
                changed.wait()
        conn, data = todo.pop()
        conn.sendall(data)

answerer = {starts}
conn, _ = socket.create_server(("127.0.0.1", 9090)).accept()
while data := conn.recv(100):
    todo.append((conn, data))
""")
    with pytest.raises(Failure) as caught:
        server.client("alice").is_served()
    assert [spot for spot in caught.value.where if spot["line"] == line and what in spot["what"]]


def test_who_sleeps_long_and_serves_nobody_rests(start):
    server = start("import socket, threading, time\nlistener = socket.create_server(('127.0.0.1', 9090))\n"
                   "def tells():\n    while True:\n        time.sleep(100)\n        print('all is well')\n"
                   "threading.Thread(target=tells, daemon=True).start()\nlistener.accept()[0].recv(100)\n")
    server.client("alice")
    assert server.waits_until(server.rests, 5) and not server.is_quiet()


def test_ctrl_c_comes_to_the_thread_that_waits_for_it(start):
    """Be it the main thread, or another one, for which that one has blocked the signal."""
    listens = "import signal, socket, threading\nlistener = socket.create_server(('127.0.0.1', 9090))\n"
    for source in (listens + "threading.Thread(target=threading.Event().wait, daemon=True).start()\nprint('ready')\nthreading.Event().wait()\n",
                   listens + "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
                   "waits = threading.Thread(target=signal.sigwait, args=({signal.SIGINT},))\nwaits.start()\nprint('ready')\nwaits.join()\n"):
        if "pthread_sigmask" in source and not hasattr(signal, "pthread_sigmask"):
            continue
        program = start(source).program
        assert program.watch_until(lambda: "ready" in program.output, 5)
        program.press_ctrl_c()
        assert program.ends_within(5)


def test_ctrl_c_as_it_is_pressed_on_windows(start, monkeypatch):
    """Where only the program itself can do it: the main thread looks up between two waits."""
    server = start(ECHO.replace("while True:", "listener.settimeout(0.1)\n        while True:", 1).replace("conn, addr = listener.accept()", """try:
                conn, addr = listener.accept()
            except TimeoutError:
                continue"""))
    monkeypatch.setattr("lab.program.WINDOWS", True)
    server.program.press_ctrl_c()
    assert server.program.ends_within(5) and server.program.exit_code == 130


def test_holds_release_what_they_hold(start):
    server = start(ECHO)
    alice = server.client("alice")
    alice.is_served()
    with server.holds("send", alice) as hold:
        alice.speaks()
        assert hold.caught()[0]["what"] == "send" and not alice.has_something()
    alice.hears_back()
    with server.holds("start") as hold:
        bob = server.client("bob")
        assert hold.caught()[0]["what"] == "start"
    bob.is_served()


@pytest.mark.parametrize("send, gives_up", [
    ("conn.sendall(data)", False),
    ("conn.settimeout(0.2); conn.sendall(data)", True),
    ("conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', 0, 200_000)); conn.sendall(data)", True),
    ("conn.setblocking(False); conn.send(data)", True),
    ("conn.send(data, socket.MSG_DONTWAIT)", True)])
def test_a_full_buffer_is_waited_for_as_the_system_would(start, send, gives_up):
    server = start("import struct\n" + ECHO.replace("conn.sendall(data)", send))
    alice = server.client("alice")
    with server.holds("full", alice) as hold:
        alice.speaks()
        assert hold.caught()
        if gives_up:
            alice.gets_end()
        else:
            assert not alice.has_something()
    if not gives_up:
        alice.hears_back()


@pytest.mark.parametrize("send", ["conn.sendall(data)", "while data: data = data[conn.send(data):]",
                                  "while data: data = data[conn.sendmsg([data[:2], data[2:]]):]"])
def test_a_send_is_held_in_its_middle(start, send):
    server = start(ECHO.replace("conn.sendall(data)", send))
    alice = server.client("alice")
    with server.holds("piece", alice) as hold:
        alice.speaks()
        assert hold.caught()
        assert server.waits_until(alice.has_something, 5) and alice.token.startswith(alice.buffer) and alice.buffer != alice.token
    alice.hears_back()


def test_a_client_that_does_not_read_is_seen_to_hold_up_the_server(start):
    server = start(ECHO)
    alice = server.slow_client("alice")
    alice.stops_reading()
    alice.sends_until_stuck()
    assert server.waits_until(lambda: server.is_held_up_by(alice) and server.is_quiet(), 5)
    alice.reads_again()
    assert not server.is_quiet()


@pytest.mark.parametrize("source, words", [
    ("", "ended by itself"),
    ("exit(3)\n", "sys.exit(3)"),
    ("import os\nos._exit(0)\n", "os._exit(0)"),
    ("import numpy_of_mine\n", "ModuleNotFoundError"),
    ("def main(:\n", "SyntaxError"),
    ("raise ValueError('one')\n", "ValueError: one"),
    ("import socket\nfirst = socket.create_server(('127.0.0.1', 9090))\nsocket.create_server(('127.0.0.1', 9090)).accept()\n", None)])
def test_programs_that_end(start, source, words):
    if words is None:  # it did listen; then it fell over its own second listener
        assert start(source).program.ends_within(5)
        return
    with pytest.raises(NotStarted, match="server.py (ended|stopped)") as caught:
        start(source)
    assert words in caught.value.message and "witness" not in str(caught.value.detail)


FACTS = """
import os, signal, sys, threading
print(sys.argv, sys.path[:2], sys.flags, os.getcwd(), sorted(os.environ.items()), os.umask(0o77), file=sys.stderr)
print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid(), threading.active_count(), threading.current_thread().name, __name__, __file__)
print([(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)])
def is_open(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False
print(list(filter(is_open, range(2000))), [os.path.samestat(os.fstat(1), os.fstat(2))])
print(*[(type(each.buffer).__name__, each.encoding, each.errors, each.line_buffering, each.write_through) for each in (sys.stdin, sys.stdout, sys.stderr)])
sys.stdout.reconfigure(encoding="latin-1")  # which asks for its position, if it has one
print(sys.stdin.read(), type(threading.Lock()), {"hooks", "forks", "run", "witness"} & set(sys.modules))
import json, queue
print(json.__file__, hasattr(queue, "Queue"))
raise ValueError("enough")
"""


@pytest.mark.parametrize("screen", [False, True])
@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize("more", [{}, {"json.py": b"print('a json of my own')\n"}])
def test_a_program_cannot_tell_how_it_was_started(monkeypatch, screen, watch, more):
    """Forked from a process that is ready, it finds all as in a new one."""
    def told():
        program = Program({"server.py": FACTS.encode()} | more, "server.py", {9090: 1}, Screen() if screen else None, watch)
        if screen:
            program.types(b"hello")
            program.types(b"")
        assert program.ends_within(10) and program.printed_all.wait(5)
        program.stop()
        return program.output.replace(str(program.folder), "HERE"), program.exit_code, program.crash["error"], program.connects

    forked = told()
    assert not processes.FORKS or processes.fork_servers
    monkeypatch.setattr(processes, "FORKS", False)
    assert told() == forked and "HERE" in forked[0] and forked[1] == 1


@pytest.mark.parametrize("source, printed", [
    ("print('one' is 'one')\n", "SyntaxWarning"),
    ("open('utils.py', 'w').write('print(1 + 1)')\nimport utils\n", "2\n"),
    ("def main(:\n", "SyntaxError"),
    ("x = 1\nfor _ in range(3000):\n    x = -x\n" + "-" * 5000 + "x\n", "" if sys.version_info >= (3, 13) else "RecursionError")])  # what Python itself says of it
def test_what_was_compiled_beforehand_changes_nothing(source, printed):
    for _ in range(2):
        program = Program({"server.py": source.encode(), "utils.py": b"print('as it was')\n"}, "server.py", watch=True)
        assert program.ends_within(20) and program.printed_all.wait(5)
        program.stop()
        assert printed in program.output and "as it was" not in program.output


def test_a_fork_server_that_was_ended_is_replaced(start):
    start(ECHO)
    for server in processes.fork_servers.values():
        server.process.kill()
    start(ECHO).client("alice").is_served()
    start(ECHO).client("bob").is_served()
    assert not processes.FORKS or processes.fork_servers[False].process.poll() is None


def test_nothing_is_left():
    """Children that leave the session, ignore signals and keep the output open are ended as well."""
    source = ("import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nfor _ in range(3):\n    if os.fork() == 0:\n"
              "        os.setsid()\n        if os.fork() == 0:\n            time.sleep(100)\n        os._exit(0)\nprint('forked')\ntime.sleep(100)\n")
    program = Program({"server.py": source.encode()}, "server.py")
    assert program.wait_for(lambda: "forked" in program.output, 5)
    family = program.family()
    program.stop()
    assert len(family) >= 3 and not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not program.folder.exists()


def test_deep_folders_are_removed():
    program = Program({"server.py": b"import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n"}, "server.py")
    assert program.ends_within(20) and program.exit_code == 0
    program.stop()
    assert not program.folder.exists()


def test_whatever_does_not_end_keeps_nothing_else(monkeypatch):
    """Its files and pipes are ended with all the same, and it is an error of the kit's that says so."""
    program = Program({"server.py": b"import time\ntime.sleep(1000)\n"}, "server.py")
    with monkeypatch.context() as patch, pytest.raises(LabError, match="does not end"):
        patch.setattr("lab.program.STOP_SECONDS", 0.1)
        patch.setattr(program, "ends_within", lambda seconds: False)
        program.stop()
    assert not program.folder.exists() and not program.tree.is_running() and not any(thread.is_alive() for thread in program._threads)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing is stopped here")
def test_a_program_that_was_stopped_is_ended():
    program = Program({"server.py": b"import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"}, "server.py")
    assert program.watch_until(lambda: program.tree.status() == psutil.STATUS_STOPPED, 5)
    program.stop()
    assert not program.folder.exists() and not program.tree.is_running()


def test_output_is_drained_and_capped():
    program = Program({"server.py": b"for number in range(200_000):\n    print(number)\n"}, "server.py")
    assert program.ends_within(10) and program.printed_all.wait(5) and program.output.endswith("199999\n")
    assert OUTPUT_KEPT - 65536 < len(program.output) <= OUTPUT_KEPT
    program.stop()


def test_memory_is_capped(start):
    with pytest.raises(NotStarted, match="more than 512 MB") as caught:
        start("hoard = []\nwhile len(hoard) < 200:\n    hoard.append(b'x' * (16 << 20))\nimport time\ntime.sleep(60)\n")
    assert caught.value.where[0]["line"] in (2, 3, 5)


def test_a_program_that_closes_our_pipes_is_found_all_the_same(start):
    server = start("import os\nos.closerange(3, 4096)\n" + ECHO)
    assert server.program.lost
    server.client("alice").is_served()


def test_environment_is_clean(start, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    with pytest.raises(NotStarted, match="KeyError: 'SECRET_TOKEN'"):
        start("import os\nos.environ['SECRET_TOKEN']\n")


def test_no_threads_or_descriptors_of_ours_are_left(start):
    def count():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc here")
    before = count()
    for _ in range(3):
        server = start(ECHO)
        server.client("alice").is_served()
        server.stop()
    assert count() == before


def test_a_reset_is_a_reset(start):
    server = start(ECHO)
    alice = server.client("alice")
    alice.is_served()
    alice.resets()
    assert server.waits_until(lambda: "Connection reset" in server.program.output, 5)


def test_nobody_listens_afterwards():
    server = Server({"server.py": ECHO.encode()}, "02_threads").start()
    port = server.port
    server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_points():
    def checks(**verdicts):
        return [Check(rule.replace("_", "."), "", verdict) for rule, verdict in verdicts.items()]

    own = {"r05_1": PASSED, "r05_2": PASSED}
    def result(**more):
        return points("05_broadcast", checks(**{rule[1:] if rule[0] == "r" else rule: verdict for rule, verdict in (own | more).items()}))

    assert result() == (2, 2)
    assert result(r05_2=FAILED) == result(r05_2=WAITING) == result(r05_2=UNKNOWN) == (1, 2)
    assert result(r01_4=FAILED) == (1, 2)
    assert result(r05_2=ERROR) == (1, 1)
    assert points("05_broadcast", checks(**{"05_1": FAILED, "01_4": FAILED, "01_5": FAILED})) == (0, 1)


def test_bytes_are_shown_readably():
    assert shown(b'{"a": 1}\n') == '{"a": 1}'
    assert shown(b'{"a": 1') == '{"a": 1 (no newline yet)'
    assert shown(b"\xff") == r"b'\xff'"
    assert len(shown(b"x" * 100_000)) < 250
    lines = difference(b"hello world", b"hello_world")
    assert lines[0].index(" w") == lines[1].index("_w") == lines[2].index("^") and lines[2].endswith("byte 5")


def test_a_loop_after_the_end_of_the_stream_is_named(start):
    server = start(ECHO.replace("while data := conn.recv(4096):", "while True:\n                data = conn.recv(4096)"))
    alice = server.client("alice")
    alice.is_served()
    alice.half_closes()
    with pytest.raises(Failure) as caught:
        alice.gets_end()
    assert caught.value.where[0]["line"] == 14 and "has met the end of alice's stream" in caught.value.where[0]["what"]


def test_the_kit_stays_out_of_tracebacks_and_one_error_stands_once(start):
    server = start(ECHO.replace("except OSError", "except KeyError"))
    for name in ("alice", "bob"):
        client = server.client(name)
        client.is_served()
        client.resets()
        server.notices(client)
    titles = dict(server.failure("seen").detail)
    assert "An error that nobody caught, in the threads of alice, bob" in titles
    assert not any("inside" in line for line in titles["The last lines that it printed"])


def test_the_same_step_many_times_is_one_line():
    story = Story()
    for what in ("hello", "again", "again", "again", "again"):
        story.add("alice", "<-", what)
    assert story.lines() == ["alice <- hello", "alice <- again   (4 times)"]


def test_an_end_is_told_after_what_came_before_it():
    story = Story()
    end = story.add("alice", "<-", "the end of the stream")
    story.add("alice", "<-", "goodbye")
    story.came_after(end)
    assert story.lines() == ["alice <- goodbye", "alice <- the end of the stream"]

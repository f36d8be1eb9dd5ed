"""A program by itself: how it is started and ended, what it may do, and what must be left of it."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from lab import processes
from lab.evidence import Evidence
from lab.program import OUTPUT_KEPT, Program
from lab.terminal import Screen
from lab.verdict import LabError, NotStarted
from typed import THREADED


def test_a_program_that_the_kit_could_not_start_is_no_fault_of_the_students(start, monkeypatch, tmp_path):
    """Whatever stands between us and its first line: a broken kit, a sandbox that is refused."""
    monkeypatch.setattr(processes, "FORKS", False)
    monkeypatch.setattr(processes, "START", "raise OSError('no such namespace')")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(LabError, match="no such namespace"):
        start(THREADED)

    def refuses(*_):
        raise LabError("not here")

    monkeypatch.setattr(processes, "start", refuses)
    with pytest.raises(LabError, match="not here"):
        start(THREADED)
    assert len(list(tmp_path.iterdir())) == 1  # the first one's, until the test is over


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
    start(THREADED)
    for server in processes.fork_servers.values():
        server.process.kill()
    start(THREADED).client("alice").is_served()
    start(THREADED).client("bob").is_served()
    assert not processes.FORKS or processes.fork_servers[False].process.poll() is None


@pytest.mark.skipif(not processes.FORKS, reason="nothing is forked here")
def test_what_a_fork_server_was_at_when_it_was_ended_is_ended():
    """Else a second process, which is started in its place, would find the same port taken: also where one process starts the next, and goes."""
    server = processes.ForkServer(False, Path(tempfile.gettempdir()))
    relay = subprocess.run([sys.executable, "-c", "import os, time\nuntil = time.time() + 10\nwhile time.time() < until:\n    if os.fork():\n        os._exit(0)\n    time.sleep(0.0005)\n"], check=False)
    assert relay.returncode == 0 and processes.orphans(server.started_at)
    server.end()
    assert not processes.orphans(server.started_at)


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


def test_environment_is_clean(start, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    with pytest.raises(NotStarted, match="KeyError: 'SECRET_TOKEN'"):
        start("import os\nos.environ['SECRET_TOKEN']\n")


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
    server = start(THREADED.replace("while True:", "listener.settimeout(0.1)\n        while True:", 1).replace("conn, addr = listener.accept()", """try:
                conn, addr = listener.accept()
            except TimeoutError:
                continue"""))
    monkeypatch.setattr("lab.program.WINDOWS", True)
    server.program.press_ctrl_c()
    assert server.program.ends_within(5) and server.program.exit_code == 130


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
        patch.setattr("lab.program.STOP_SECONDS", 1)
        patch.setattr(program, "ends_within", lambda seconds: False)
        program.stop()
    program.process.wait(5)  # it was killed, and nobody has waited for its end
    assert not program.folder.exists() and not any(thread.is_alive() for thread in program._threads)


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

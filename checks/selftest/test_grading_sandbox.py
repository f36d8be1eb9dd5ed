"""Programs that mean harm, behind the sandbox's walls: none gets what it wants, nor a point that it did not earn."""

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from gallery import exhibits
from lab import sandbox
from lab.grading import judging
from lab.grading.handed_in import pack
from lab.processes import INSIDE, fork_servers
from typed import CHECKS, ECHO, TOP, command, hand_in, table

HERE = Path(__file__).parent
HOSTILE = HERE / "hostile"
here = pytest.mark.skipif(sandbox.missing() is not None, reason=f"no sandbox: {sandbox.missing()}")


def lay_down(path, folder):
    """Lay a hostile program down as a submission; return the points that it earns."""
    target = folder / "01_echo"
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True)
        shutil.copy(path, target / "server.py")
    text = (target / "server.py").read_text()
    what, points = re.search(r"^(serves|earns): (\d)$", text, re.MULTILINE).groups()
    if what == "serves":
        (target / "server.py").write_text(text + "\n" + ECHO)
    return int(points)


def snapshot(*folders):
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts}


@here
def test_the_hostile_and_their_neighbours(tmp_path):
    """All of them in one class: each gets what it earned, its neighbours too, and nothing of them is left anywhere."""
    folder, out = tmp_path / "class", tmp_path / "out"
    expected = {path.stem: lay_down(path, folder / path.stem) for path in sorted(HOSTILE.iterdir()) if path.name not in ("__pycache__", "07_lock")}
    (folder / "links_to_the_solutions/01_echo").mkdir(parents=True)
    (folder / "links_to_the_solutions/01_echo/server.py").symlink_to(TOP / "solutions/01_echo/server.py")
    for name, text in (("victim", ECHO), ("wrong", ECHO.replace("conn.sendall(data)", "conn.sendall(data.upper())"))):
        hand_in(folder / name, text)
    expected |= {"victim": 5, "wrong": 0, "links_to_the_solutions": 0}
    canary = Path(f"/var/tmp/chat-lab-canary-{os.getpid()}")
    canary.write_text("hush")
    before = snapshot(folder, TOP / "checks", TOP / "solutions")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0chat-lab-canary")
        listener.listen()
        try:
            done = command("--class", folder, "--report", out, "--lesson", "01", "-n", "3", "--sandbox", "require", SECRET_TOKEN="hush")
        finally:
            assert canary.read_text() == "hush"
            canary.unlink()
    assert done.returncode == 1, done.stdout + done.stderr
    assert snapshot(folder, TOP / "checks", TOP / "solutions") == before
    rows = table(out)
    assert {name: int(row["points"]) for name, row in rows.items()} == expected
    assert not {name: row["note"] for name, row in rows.items() if int(row["error_checks"]) or "broke" in row["note"]}
    assert not [text for text in (path.read_text() for path in (out / "feedback").iterdir()) if "BREACH" in text]
    assert not [one for one in psutil.Process().children(recursive=True) if is_a_students(one)]  # orphans come to us, see adopt_orphans


def is_a_students(process):
    """Does this process run a student's program? Those from which ours are forked look like it."""
    try:
        return process.pid not in {server.process.pid for server in fork_servers.values()} and "run.main" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@here
def test_a_program_may_write_in_its_copy(tmp_path):
    """As it may elsewhere: a right program that keeps a log passes."""
    hand_in(tmp_path, "import os\nopen('chat.log', 'a').write('started')\nos.mkdir('old')\nos.replace('chat.log', 'old/1.log')\nopen(__file__, 'a').close()\n" + ECHO)
    result = judging.judged(judging.task("alice", *pack(tmp_path), []), protect=True)
    assert {check["verdict"] for check in result["lessons"][0]["checks"]} == {"passed"}


@here
def test_a_plain_run_in_the_sandbox(tmp_path):
    lay_down(HOSTILE / "reads_secrets.py", tmp_path / "eve")
    options = ("-q", "-k", "listens or hello", "--submission", tmp_path / "eve", "--sandbox")
    done = command(*options, "require", SECRET_TOKEN="hush")
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout
    assert command(*options, "off", SECRET_TOKEN="hush").returncode == 1


def behind_the_wall(tmp_path, script, *arguments):
    """Run a script of the checker's behind the outer wall; return the facts that it prints last."""
    done = subprocess.run(sandbox.outer([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TOP / 'checks')!r})\n{script}", *arguments], tmp_path, TOP),
                          capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


SEES = """
import ctypes, errno, json, os, resource
libc = ctypes.CDLL(None, use_errno=True)
def is_open(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False
def why_not(name, *arguments):
    return None if getattr(libc, name)(*arguments) == 0 else errno.errorcode[ctypes.get_errno()]
rights = (ctypes.c_uint32 * 6)()
libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), rights)
if (child := os.fork()) == 0:  # a process with more than one thread could not try it
    os._exit(why_not("unshare", 0x10000000) is not None)
top = os.path.dirname(os.path.dirname(os.getcwd()))
print(json.dumps({"process": [os.getpid(), os.getppid()], "rights": [rights[0], rights[1], rights[3], rights[4]], "no new ones": libc.prctl(39, 0, 0, 0, 0),
    "files": [fd for fd in range(2000) if is_open(fd)], "root": sorted(os.listdir("/")), "dev": sorted(os.listdir("/dev")),
    "beside": [os.listdir(path) for path in (".", "..", top, "/dev/shm")], "user namespace": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
    "mount": why_not("mount", b"none", b"/tmp", b"tmpfs", 0, None), "unmount": why_not("umount2", os.getcwd().encode(), 2), "nobody": os.getuid() != 0,
    "groups": os.getgroups(), "limit": resource.getrlimit(resource.RLIMIT_NPROC)}))
"""


@here
def test_a_program_is_alone_forked_or_not(tmp_path):
    """However it was started it sees the same, has no rights and no open file but its own; a forked one cannot get a user namespace of its own, either."""
    forked, anew = behind_the_wall(tmp_path, f"""
import json
from lab import processes
from lab.program import Program
told = []
for processes.FORKS in (processes.FORKS, False):
    program = Program({{"server.py": {SEES.encode()!r}}}, "server.py")
    assert program.ends_within(10) and program.printed_all.wait(5) and program.exit_code == 0, program.output
    told.append(json.loads(program.output) | {{"how": type(program.process).__name__, "folder": program.folder.name}})
    program.stop()
print(json.dumps(told))""")
    assert (forked.pop("how"), anew.pop("how")) == ("Forked", "Popen")
    assert forked.pop("user namespace") == 1 and (anew.pop("user namespace") == 1 or sandbox.is_root())
    for told in (forked, anew):
        assert told["beside"].pop(2) == [told.pop("folder")]
    assert forked == anew == {
        "process": [2, 1], "rights": [0, 0, 0, 0], "no new ones": 1, "files": [0, 1, 2, 900, 901], "root": forked["root"],
        "dev": ["full", "null", "random", "shm", "urandom", "zero"], "beside": [["server.py"], ["lesson"], []], "mount": "EPERM", "unmount": "EPERM",
        "nobody": True, "groups": [], "limit": [sandbox.PROCESSES, sandbox.PROCESSES]}
    the_way_to = {Path(path).parts[1] for path in (TOP, *sandbox.pythons())}  # what is needed: the kit's own modules and Python
    assert not set(forked["root"]) - {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "tmp", "usr"} - the_way_to


REACHES = """
import ctypes, errno, json, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def why_not(call, *arguments):
    return None if call(*arguments) != -1 else errno.errorcode[ctypes.get_errno()]
def by_number(number, *arguments):
    return why_not(libc.syscall, number, *arguments)
def raised(make, *arguments):
    try:
        return make(*arguments) and None
    except OSError as error:
        return errno.errorcode[error.errno]
x86 = os.uname().machine == "x86_64"
keyctl, add_key = (250, 248) if x86 else (219, 217)
told = {
    "hold its parent": why_not(libc.ptrace, 16, 1, None, None), "be held": why_not(libc.ptrace, 0, 0, None, None),
    "read its parent": why_not(libc.process_vm_readv, 1, None, 0, None, 0, 0), "write there": why_not(libc.process_vm_writev, 1, None, 0, None, 0, 0),
    "its parent's files": by_number(438, 0, 0, 0),
    "keys": by_number(keyctl, 0, ctypes.c_int(-3), 0), "a key": by_number(add_key, b"user", b"mark", b"left", 4, ctypes.c_int(-3)),
    "memory": raised(os.memfd_create, "mark"), "shared": why_not(libc.shmget, 0, 4096, 0o1600), "messages": why_not(libc.msgget, 0, 0o1600),
    "ring": by_number(425, 1, None), "host": raised(socket.socket, 40, socket.SOCK_STREAM), "packets": raised(socket.socket, 17, socket.SOCK_RAW),
    "pair": raised(socket.socketpair, 30, socket.SOCK_STREAM)}
if x86:
    told["other numbers"] = by_number(0x40000000 | 39)
    code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))  # getpid() as a program of 32 bits calls it
    if (child := os.fork()) == 0:  # which ends at once where the system knows no such programs
        os._exit(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() == -errno.EPERM)
    told["other kind"] = "EPERM" if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) else None
right = socket.socketpair(), socket.socket(), socket.socket(socket.AF_INET6), socket.create_server(("localhost", 0)), socket.if_nameindex()
right = socket.getaddrinfo("localhost", 9090), socket.getaddrinfo("127.0.0.1", 9090, flags=socket.AI_ADDRCONFIG), socket.getfqdn()
import asyncio, multiprocessing
asyncio.run(asyncio.sleep(0))
multiprocessing.get_context("fork").Value("i")
told["commands"] = os.environ["PATH"]
print(json.dumps(told))
"""


@here
@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="nothing is refused on other processors")
def test_no_call_reaches_past_the_walls(tmp_path, monkeypatch):
    """Nor is there memory that nobody counts; what right programs need is there; and where commands are looked for is not told by us."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for forks in ("processes.FORKS", "False"):
        told = behind_the_wall(tmp_path, f"""
import json
from lab import processes
from lab.program import Program
processes.FORKS = {forks}
program = Program({{"server.py": {REACHES.encode()!r}}}, "server.py")
assert program.ends_within(20) and program.printed_all.wait(5) and program.exit_code == 0, program.output
program.stop()
print(program.output.strip())""")
        assert str(tmp_path) not in told["commands"] and told.pop("commands") == sandbox.search_path()
        assert {name: told.pop(name) for name in ("host", "packets", "pair")} == dict.fromkeys(("host", "packets", "pair"), "EAFNOSUPPORT")
        assert len(told) >= 11 and set(told.values()) == {"EPERM"}, told


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such filter here")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_the_filter_says(monkeypatch, inside, machine):
    """On a processor that is not here, too: its steps are gone through by hand."""
    monkeypatch.syspath_prepend(INSIDE)
    import calls  # goes again with the others

    def said(number, first=0, kind=calls.KINDS[machine]):
        steps = iter(calls.steps(machine))
        for what, value, yes, no in steps:
            if what == calls.LOAD:
                loaded = {calls.NUMBER: number, calls.KIND: kind, calls.FIRST: first}[value]
            elif what == calls.RETURN:
                return value
            else:
                for _ in range(yes if loaded == value or what == calls.LEAST and loaded > value else no):
                    next(steps)

    of_kind = list(calls.KINDS).index(machine)
    no, no_family = calls.REFUSE | errno.EPERM, calls.REFUSE | errno.EAFNOSUPPORT
    assert {number: said(number, 2) for number in range(1000) if said(number, 2) != calls.ALLOW} == {numbers[of_kind]: no for numbers in calls.REFUSED.values()}
    for numbers in calls.SOCKETS.values():
        assert [said(numbers[of_kind], family) for family in (0, 1, 2, 3, 10, 16, 17, 40)] == [no_family, *2 * [calls.ALLOW], no_family, *2 * [calls.ALLOW], *2 * [no_family]]
    assert said(39, kind=0x40000003) == said(calls.OTHER | 39) == said(0xFFFFFFFF) == no


@here
def test_what_is_not_refused_is_said(tmp_path):
    """A system that does not take on the filter has no sandbox: it is said, and `require` refuses."""
    hand_in(tmp_path, ECHO)
    script = f"""
import sys
sys.path[:0] = [{str(TOP / 'checks')!r}, {str(INSIDE)!r}]
import calls, pytest
if calls.os.uname().machine not in calls.KINDS:
    sys.exit(77)
prctl = {{"x86_64": 157, "aarch64": 167}}[calls.os.uname().machine]
no = calls.RETURN, calls.REFUSE | 22, 0, 0
calls.take_on([(calls.LOAD, calls.NUMBER, 0, 0), (calls.EQUAL, prctl, 0, 3), (calls.LOAD, calls.FIRST, 0, 0), (calls.EQUAL, calls.SET_SECCOMP, 0, 1), no, (calls.RETURN, calls.ALLOW, 0, 0)])
sys.exit(pytest.main([{str(TOP / 'checks')!r}, "-p", "no:cacheprovider", "-q", "--lesson", "01", "--submission", {str(tmp_path)!r}, "--sandbox", sys.argv[1]]))
"""
    for option, code in (("require", 4), ("auto", 0)):
        done = subprocess.run([sys.executable, "-c", script, option], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode in (code, 77), done.stdout + done.stderr
        assert done.returncode == 77 or "bubblewrap does not run here: OSError: [Errno 22] prctl" in done.stdout + done.stderr


@here
def test_what_is_around_a_program_is_ended_too(tmp_path):
    """Also when it was stopped: nothing of it stays."""
    seen = behind_the_wall(tmp_path, """
import json, os, psutil, signal, time
from lab.program import Program
program = Program({"server.py": b"import time\\ntime.sleep(1000)\\n"}, "server.py")
around = psutil.Process(program.process.pid)
os.kill(program.process.pid, signal.SIGSTOP)
began = time.monotonic()
program.stop()
print(json.dumps([around.is_running(), program.folder.exists(), time.monotonic() - began < 20]))""")
    assert seen == [False, False, True]


@here
def test_two_programs_share_nothing(tmp_path):
    """Two at the same time, and one after the other: nothing that one writes or starts is there for the other."""
    writes = b"""
import os, time
for path in ("/tmp/mark", "/dev/shm/mark", "mark", "../mark", "../../mark"):
    open(path, "w").close()
if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
print("written", flush=True)
time.sleep(1000)
"""
    looks = b"""
import os
print([path for path in ("/tmp/mark", "/dev/shm/mark", "mark", "../mark", "../../mark") if os.path.exists(path)], flush=True)
for pid in range(3, 3000):
    try:
        os.kill(pid, 9)
        print("killed", pid)
    except OSError:
        pass
"""
    seen = behind_the_wall(tmp_path, f"""
import json, psutil
from lab.program import Program
def looked():
    program = Program({{"server.py": {looks!r}}}, "server.py")
    program.ends_within(10), program.printed_all.wait(5), program.stop()
    return program.output
one = Program({{"server.py": {writes!r}}}, "server.py")
assert one.watch_until(lambda: "written" in one.output, 10)
family, seen = len(one.family()), [looked()]
assert not one.ended
one.stop()
print(json.dumps([family, *seen, looked(), [process.name() for process in psutil.process_iter() if process.ppid() == psutil.Process().pid]]))""")
    family, *looked, left = seen
    assert family == 2 and looked == ["[]\n", "[]\n"]
    assert left == ["bwrap"]  # behind which the fork server stands


@here
def test_what_a_program_uses_is_its_own(tmp_path):
    """What the walls use is not counted, and what the program uses is."""
    source = b"import socket, threading, time\nkept = bytearray(60 << 20), [socket.socket() for _ in range(7)]\nthreading.Thread(target=time.sleep, args=[100]).start()\nprint('here', flush=True)\n"
    for forks in ("processes.FORKS", "False"):
        sockets, memory, threads, family = behind_the_wall(tmp_path, f"""
import json
from lab import processes
from lab.program import Program
processes.FORKS = {forks}
program = Program({{"server.py": {source!r}}}, "server.py")
assert program.watch_until(lambda: "here" in program.output, 10)
print(json.dumps([program.sockets, program.peak_memory, program.threads, len(program.family())]))
program.stop()""")
        assert (sockets, threads, family) == (7, 2, 1) and 60 << 20 < memory < 120 << 20


@here
@pytest.mark.parametrize("forks", ["processes.FORKS", "False"])
def test_the_harness_behind_the_wall(tmp_path, forks):
    """What is seen of a program does not depend on the wall: that it is idle, how it ended, what it can tell of how it was started."""
    behind_the_wall(tmp_path, f"""
import pytest
from lab import processes
processes.FORKS = {forks}
failed = pytest.main(["-p", "no:cacheprovider", "-q", *(f"checks/selftest/test_{{name}}.py" for name in ("terminal", "harness", "program")),
                      "-k", "idle or cannot_tell or programs_that_end or memory or nothing_is_left or ctrl_c"])
print("\\nnull")
sys.exit(failed)""")


@here
def test_ctrl_c_in_the_sandbox(tmp_path):
    """It is pytest's to answer, which says what came out so far."""
    hand_in(tmp_path / "dave", "import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    file = tmp_path / "v.json"
    process = subprocess.Popen([*CHECKS, "--sandbox", "require", "--submission", tmp_path / "dave", "--json", file],
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        while not file.exists():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 2 and "KeyboardInterrupt" in process.stdout.read()
    finally:
        process.kill()
        process.stdout.close()


def test_where_there_is_none(tmp_path):
    """`require` refuses, `auto` says what is not protected."""
    hand_in(tmp_path / "class/alice")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    for where in (("--class", tmp_path / "class", "--report", tmp_path / "out"), ("--submission", tmp_path / "class/alice")):
        done = command("--lesson", "01", *where, "--sandbox", "require", PATH=str(tmp_path / "bin"))
        assert done.returncode == 4 and "bubblewrap (bwrap) is not installed" in done.stderr
        done = command("--lesson", "01", *where, "--sandbox", "auto", PATH=str(tmp_path / "bin"))
        assert done.returncode == 1 and done.stdout.count("not isolated: bubblewrap (bwrap) is not installed") == 1


def test_without_a_sandbox_too(tmp_path):
    """Those that need no wall to be stopped, in a class with a neighbour."""
    names = ("claims_to_listen", "escapes_its_session", "prints_fake_results", "ships_files")
    expected = {name: lay_down(next(HOSTILE.glob(f"{name}*")), tmp_path / "class" / name) for name in names}
    hand_in(tmp_path / "class/victim", ECHO)
    done = command("--class", tmp_path / "class", "--report", tmp_path / "out", "--lesson", "01", "-n", "3", "--sandbox", "off")
    assert done.returncode == 1 and "not isolated: --sandbox off" in done.stdout
    assert {name: int(row["points"]) for name, row in table(tmp_path / "out").items()} == expected | {"victim": 5}
    assert not [one for one in psutil.Process().children(recursive=True) if is_a_students(one)]


def test_who_fools_the_observer_gets_no_pass(tmp_path):
    """A server with a race, and something in front that means to hide it: it is convicted all the same, or nobody can tell, and it is said why."""
    wrong = exhibits("07_lock/wrong/joins_without_lock")[0]
    for path in [None, *sorted((HOSTILE / "07_lock").glob("*.py"))]:
        target = tmp_path / "class" / (path.stem if path else "plain")
        target.mkdir(parents=True)
        wrong.hand_in(target)
        server = target / "07_lock/server.py"
        server.write_text((path.read_text() if path else "") + "\n" + server.read_text())
    done = command("--class", tmp_path / "class", "--report", tmp_path / "out", "--lesson", "07", "-n", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    seen = {}
    for path in (tmp_path / "out/results").glob("*.json"):
        checks = json.loads(path.read_text())["lessons"][0]["checks"]
        seen[path.stem] = {check["verdict"]: check["message"] for check in checks if check["rule"] == "07.3"}
    said = {"answers_as_the_witness": "with no lock held", "plain": "with no lock held"}
    assert len(seen) == 1 + len(list((HOSTILE / "07_lock").glob("*.py")))
    for name, verdicts in seen.items():
        assert said.get(name, "has changed what watches it from inside") in (verdicts.get("failed") or verdicts.get("unknown") or str(verdicts)), name


def test_who_kills_the_checker_gets_a_row_that_says_so(tmp_path):
    """Without a sandbox a program can: the row is an error, no pass, and no points."""
    hand_in(tmp_path, "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n" + ECHO)
    result = judging.judged(judging.task("eve", *pack(tmp_path), []), protect=False)
    assert "ended (by SIGKILL)" in result["broke"]
    assert "passed" not in {check["verdict"] for check in result["lessons"][0]["checks"]}

"""A place of its own for programs that are not trusted: bubblewrap, on Linux; see bwrap(1).

Two walls. The outer one is around the process that judges: it gives the submission a
network of its own, in which there is nothing but the loopback, a process tree of its
own, and a bounded scratch folder for all temporary files. Checker and student's
program talk over that loopback as they do without it. The inner one is around the
student's program: it sees Python, its own copy and nothing else, no other process,
and loses every right that it does not need. To build it takes longer than a program's
start: so it is built once, around a process from which the programs of a submission
are forked, and what must be new for each is made by itself, see inside/wall.py. Where
the system does not let it, each has a wall of its own.

Where there is no bubblewrap, the limits hold that the system offers; `missing` says it.
"""

import compileall
import functools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "CHAT_LAB_SANDBOX"  # in the environment: we are inside the outer wall
SCRATCH = 256 << 20  # bytes for all files of the process that judges
TEMPORARY = 32 << 20  # bytes in each of the places where a program may write
PROCESSES = 1024  # and threads, of one program
FIRST_UID = 0x40000000  # users that nobody is, one for each program, where we are root
NO_BWRAP = "bubblewrap (bwrap) is not installed"
NOT_PROTECTED = ("not isolated: {}; student programs run with your rights, can read what you can read, use the network "
                 "and leave files; limits on memory, output and file size hold")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime")
WRITABLE = ("/tmp", "/dev/shm")  # and its folder
COMMANDS = ("/usr/local/bin", "/usr/bin", "/bin")
DEVICES = ("null", "zero", "full", "random", "urandom")


def outer(command, scratch, folder=None):
    """The command, behind the outer wall.

    `scratch`, a folder, becomes its empty place for temporary files, and it runs there or in `folder`.
    """
    return ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--die-with-parent",
            "--size", str(SCRATCH), "--tmpfs", str(scratch), "--setenv", "TMPDIR", str(scratch), "--setenv", MARK, "1",
            "--chdir", str(folder or scratch), "--", *command]


def is_inside():
    """Is this process inside the outer wall, so that programs get the inner one?"""
    return MARK in os.environ


def run_again():
    """Run this process's own command behind the outer wall; return its exit code. Ctrl-C is for that one to answer."""
    with tempfile.TemporaryDirectory(prefix="chat-lab-") as scratch:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.run(outer([sys.executable, *sys.orig_argv[1:]], scratch, os.getcwd()), check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)


def inner(folder, inside):
    """Return (what stands before the command of a program in this folder, file descriptors to hand to it).

    There the folder is another one, with a copy of the program's files in which it may
    write as it does elsewhere; `inside` is the folder of what runs beside it.
    """
    command = [shutil.which("bwrap"), "--unshare-pid", "--unshare-ipc", "--unshare-uts", *rights()]
    if not is_root() and knows("--disable-userns"):
        command += ["--disable-userns"]
    empty = ["--perms", "1777", "--size", str(TEMPORARY), "--tmpfs"]
    command += view(empty, inside, folder)
    command += [*empty, str(folder)]
    files = []
    for path in [folder / "lesson", *sorted((folder / "lesson").rglob("*"))]:
        if path.is_dir():
            command += ["--perms", "0777", "--dir", str(path)]
        else:
            files.append(os.open(path, os.O_RDONLY))
            command += ["--perms", "0666", "--file", str(files[-1]), str(path)]
    return [*command, "--remount-ro", "/", "--chdir", str(folder / "lesson"), "--"], files


def place(scratch, inside):
    """The same for the process from which programs are forked, in whose folder `scratch` are theirs: it stands where each of them makes its own place, see inside/wall.py."""
    empty = ["--perms", "0755", "--dir"]
    return [shutil.which("bwrap"), "--die-with-parent", *rights(), *view(empty, inside, scratch), *empty, str(scratch), "--remount-ro", "/", "--chdir", "/", "--"]


def rights():
    """The arguments of bwrap that leave a process no rights but those that it needs to be nobody."""
    return ["--cap-drop", "ALL", *(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if is_root() else ["--unshare-user"])]


def view(empty, inside, folder):
    """The arguments of bwrap for what there is to see, of `folder` what is above it; `empty` are those that make an empty folder."""
    command = ["--perms", "0755", "--dir", "/dev"]
    for path in WRITABLE:
        command += [*empty, path]
    for device in DEVICES:
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib64"):
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            command += ["--ro-bind", path, path]
    for path in (*SYSTEM_FILES, *pythons(), str(inside), str(folder)):
        if os.path.exists(path):
            for parent in list(Path(path).parents)[-2::-1]:  # which would be for root alone
                command += ["--perms", "0755", "--dir", str(parent)]
            if path != str(folder):
                command += ["--ro-bind", os.path.realpath(path), path]
    return command


def walls(folder, inside):
    """What a forked process needs to know to make its own place, as the arguments of wall.shut_in from `folder` on."""
    places = dict.fromkeys((*WRITABLE, str(folder.parent)), TEMPORARY)
    kept = [path for path in (*pythons(), str(inside)) if any(path.startswith(f"{place}/") for place in places)]
    return str(folder / "lesson"), places, kept, *confinement()


def pythons():
    """The folders of this Python that are not under /usr."""
    return sorted({path for path in (os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix))
                   if not path.startswith("/usr/")})


def python():
    """The interpreter, as it is found behind the inner wall: a virtual environment's is a link to it."""
    return os.path.realpath(sys.executable)


def search_path():
    """Where a program looks for commands: what there is of it behind the inner wall, and nothing of ours."""
    return os.pathsep.join(filter(os.path.isdir, dict.fromkeys([os.path.dirname(python()), *COMMANDS])))


def confinement():
    """What a program's process is to take upon itself, as arguments of run.confine."""
    return PROCESSES, FIRST_UID + secrets.randbelow(FIRST_UID) if is_root() else None


def is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0


@functools.cache
def knows(option):
    """Does this bubblewrap know the option?"""
    return option in subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False).stdout


@functools.cache
def missing():
    """Why there is no sandbox here, as a phrase, or None: found out by running a program in one."""
    if not sys.platform.startswith("linux"):
        return "there is no bubblewrap on this system"
    if not shutil.which("bwrap"):
        return NO_BWRAP
    with tempfile.TemporaryDirectory(prefix="chat-lab-") as scratch:
        trial = f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r}); from lab import sandbox; sandbox.trial()"
        try:
            done = subprocess.run(outer([sys.executable, "-E", "-P", "-c", trial], scratch), capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap does not run: {error}"
    said = done.stderr.strip().splitlines()
    return None if done.returncode == 0 else f"bubblewrap does not run here: {said[-1] if said else f'exit code {done.returncode}'}"


def trial():
    """Run a program that does nothing, as a student's is run; end this process, with words of why, when that does not work."""
    from .program import Program
    program = Program({"server.py": b"print('here')"}, "server.py")
    try:
        program.ends_within(10)
        program.printed_all.wait(10)
        if program.output.strip() != "here":
            sys.exit((program.output.strip() or "a program in it prints nothing").splitlines()[-1])
    finally:
        program.stop()


def wanted(option):
    """From --sandbox auto|require|off: (is there to be a sandbox?, a line to be said or None). Raises RuntimeError when there must be one and is none."""
    if option == "off":
        return False, NOT_PROTECTED.format("--sandbox off")
    why_not = missing()
    if why_not and option == "require":
        raise RuntimeError(f"--sandbox require: {why_not}")
    if not why_not:
        compileall.compile_dir(Path(__file__).parent / "inside", quiet=2)  # behind the wall nobody could keep what was compiled
    return not why_not, NOT_PROTECTED.format(why_not) if why_not else None

"""Judge one submission in a process of its own, whatever happens to that process.

The process gets its task over standard input and tells what came out over standard
output, a JSON object a line, as it goes: so what it has found is not lost with it. No
student's program has either of them. It ends when its standard input does.
"""

import base64
import contextlib
import hashlib
import io
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tokenize
import traceback
from pathlib import Path

import psutil

from .. import processes, sandbox, words
from ..clients import LONGEST_WAIT
from ..course import CHECKS, LESSONS, Run
from ..judge import judge
from ..verdict import ERROR, PASSED, ROW, WAITING
from ..writing import remove
from .handed_in import Limits, lay_out

PATIENCE = 2 * LONGEST_WAIT  # seconds without a word from the process that judges, after which it is given up: no wait of its own lasts so long
KEPT = 1 << 16  # bytes of what it complains about, the last ones
judges = set()  # the processes that judge now
gave_up = threading.Event()
family = threading.Lock()  # taken to start one, and to end what they left
others = set()  # the processes that were our children before anything was judged
STARTERS = CHECKS.parent / "lessons"
START = "import sys; sys.path.insert(0, sys.argv[1]); from lab.grading import judging; judging.main()"


def task(name, packed, left_out, asked):
    """What a judging process needs to know, as a JSON object. asked: lessons named by the instructor."""
    return {"name": name, "packed": base64.b64encode(packed).decode(), "left_out": left_out, "asked": asked}


# ------------------------------------------------------------------ outside: start the process, and listen to it

def judged(task, told=lambda result: None, patience=PATIENCE, protect=False):
    """Return the result of one submission; there is one, whatever happens to the process that judges it.

    told(result) is called after every check, with what is known so far; protect: in a
    sandbox. Raises nothing but KeyboardInterrupt.
    """
    began = time.monotonic()
    result = no_result(task["name"], "") | {"left_out": task["left_out"]}
    with scratch_folder() as scratch:
        hung = threading.Event()
        try:
            process = start(scratch, protect)
        except OSError as error:
            return result | {"broke": f"the process that judges could not be started: {error}"}
        try:
            threading.Thread(target=feed, args=(process, task), daemon=True).start()
            last = listen(process, hung, patience, lambda fact: take_in(result, fact) or told(result))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            last = f"what it told is no fact: {type(error).__name__}: {error}"
        finally:
            end(process)
        if not result.pop("whole", False):
            why = f"told nothing for {patience:g} seconds" if hung.is_set() else f"ended ({ended_how(process.returncode)})"
            result["broke"] = f"the process that judged this submission {why}{': ' + last if last else ''}"
    for lesson in result["lessons"]:
        for check in lesson["checks"]:
            if check.pop("open", False):
                check |= {"verdict": ERROR, "message": f"the kit broke: {result['broke']}"}
    return result | {"seconds": round(time.monotonic() - began, 3)}


@contextlib.contextmanager
def scratch_folder():
    scratch = tempfile.mkdtemp(prefix="chat-lab-")
    try:
        yield scratch
    finally:
        remove(scratch)


def no_result(name, broke):
    """What is known of a submission of which nothing was judged; broke: why not."""
    return {"schema": "chat-lab/result/v1", "submission": name, "python": platform.python_version(), "seconds": 0.0,
            "lessons": [], "left_out": [], "looks": {}, "broke": broke}


def judged_elsewhere(task, protect, kit):
    """The same on another machine. Raises RuntimeError when the kit there is another one, or must isolate and cannot."""
    from .grader import kit as kit_here
    if kit_here() != kit:
        raise RuntimeError("the worker has another version of the kit, or of Python")
    return judged(task, protect=sandbox.wanted(protect)[0])


def give_up():
    """End all processes that judge now, and those that are just being started."""
    gave_up.set()
    for process in list(judges):
        process.kill()


def start(scratch, protect):
    command = [sys.executable, "-E", "-P", "-c", START, str(CHECKS)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    if protect:
        command = sandbox.outer(command, scratch)
    new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if processes.WINDOWS else {"start_new_session": True}
    with family:
        if not judges:
            others.update(child.pid for child in psutil.Process().children())
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=scratch,
                                   env=environment | {"TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}, **new_group)
        judges.add(process)
    if gave_up.is_set():
        process.kill()
    return process


def feed(process, task):
    """Give the process its task; its standard input stays open for as long as it is to live."""
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
    except (OSError, ValueError):
        pass  # it has ended


def listen(process, hung, patience, tell):
    """Read what it tells until it ends or hangs; return the last line that it complained with."""
    def give_up():
        hung.set()
        process.kill()

    def drain():
        for piece in iter(lambda: process.stderr.read1(KEPT), b""):
            complaints.extend(piece)
            del complaints[:-KEPT]

    complaints = bytearray()
    errors = threading.Thread(target=drain, daemon=True)
    errors.start()
    watch = None
    try:
        while True:
            watch = threading.Timer(patience, give_up)
            watch.daemon = True
            watch.start()
            line = process.stdout.readline()
            watch.cancel()
            if not line:
                break
            tell(json.loads(line))
    finally:
        watch.cancel()
    errors.join(1)
    return next((line for line in reversed(bytes(complaints).decode("utf-8", "replace").splitlines()) if line.strip()), "")[:300]


def take_in(result, fact):
    """Take what the process told into the result."""
    [(what, fact)] = fact.items()
    if what == "lesson":
        checks = [dict.fromkeys(("name", *ROW, "should", "detail")) | check | {"verdict": WAITING, "message": "not run", "open": True} for check in fact["checks"]]
        result["lessons"].append({"lesson": fact["lesson"], "checks": checks, "text": ""})
    elif what == "row":
        lesson = next(one for one in result["lessons"] if one["lesson"] == fact["lesson"])
        check = next(check for check in lesson["checks"] if check["name"] == fact["name"])
        check.update(fact["row"])
        check.pop("open", None)
    elif what == "text":
        next(one for one in result["lessons"] if one["lesson"] == fact["lesson"])["text"] = fact["text"]
    else:
        result[what] = fact


def ended_how(code):
    if code is not None and code < 0:
        try:
            return f"by {signal.Signals(-code).name}"
        except ValueError:
            pass
    return f"exit code {code}"


def end(process):
    """End the process and all that it has left."""
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    try:
        process.stdin.close()
    except OSError:
        pass
    with family:
        judges.discard(process)
        if not judges:  # else what is left may be of one that still judges
            for left in psutil.Process().children():
                if left.pid not in others:
                    for one in (left, *processes.descendants(left)):
                        processes.kill(one)


# ------------------------------------------------------------------ inside: the process itself

class Told(Run):
    """A run that tells what comes out of it at once."""

    def note(self, lesson, row):
        super().note(lesson, row)
        check = self.find(lesson, row["name"])
        tell(row={"lesson": lesson, "name": check.name, "row": full_row(self, lesson, check)})


def main():
    """Judge the one submission of standard input's task; what breaks here is the last line of standard error."""
    try:
        judge_one()
    except BaseException:
        traceback.print_exc(limit=-20)
        sys.stderr.flush()
        os._exit(1)  # at once: no thread that is left can hold it up, or say something else


def judge_one():
    """Read the task, judge, tell."""
    global _out
    _out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    processes.allow_open_files()
    given = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=end_with_the_grader, daemon=True).start()
    folder, limits = Path.cwd() / "lessons", Limits()
    limits.left_out += given["left_out"]
    folder.mkdir()
    held = lay_out(base64.b64decode(given["packed"]), given["asked"], folder, limits)
    tell(left_out=limits.left_out)
    run = Told(folder)
    for lesson in given["asked"] or held:
        run.add([lesson])
        tell(lesson={"lesson": lesson, "checks": [{"name": check.name, "rule": check.rule, "title": check.title} for check in run.checks[lesson]]})
    tell(looks={lesson: looks(folder / lesson, STARTERS / lesson) for lesson in run.lessons})
    for lesson in run.lessons:
        judge(run, lesson)
        if not run.passed(lesson):
            lines = [text for text, _ in words.lesson_in_full(run, lesson)]
            tell(text={"lesson": lesson, "text": "\n".join(lines).replace(str(CHECKS.parent) + os.sep, "")})
    tell(whole=True)


def tell(**fact):
    _out.write(json.dumps(fact) + "\n")
    _out.flush()


def end_with_the_grader():
    while os.read(0, 65536):  # not sys.stdin, which no thread may be reading when the interpreter ends
        pass
    os._exit(1)


def full_row(run, lesson, check):
    """A check's row with all that a reader wants to know, the student's lines included."""
    row = check.row() | {"name": check.name, "should": check.should, "detail": check.detail}
    files = run.submission.files(lesson)
    row["where"] = [spot | {"around": around(files.get(spot["file"], b""), spot["line"])} for spot in check.where[:4]]
    return row if check.verdict != PASSED else row | {"should": "", "detail": [], "where": [], "transcript": []}


def result_of(run, content):
    """The result of a run, from its verdict file's content, with all that a reader wants to know."""
    lessons = [lesson | {"checks": [full_row(run, lesson["lesson"], check) for check in run.checks[lesson["lesson"]]]} for lesson in content["lessons"]]
    return content | {"lessons": lessons}


def around(source, line, most=2):
    """The lines of a student's file around one, [(number, text)]. source: what was handed in, in bytes; nothing is read here that a program may name."""
    lines = [text.decode("utf-8", "replace") for text in source.splitlines()]
    return [(number, lines[number - 1][:200]) for number in range(max(1, line - most), min(len(lines), line + most) + 1)]


# ------------------------------------------------------------------ what a program looks like

def looks(folder, starter):
    """What the student's own files look like without white space and comments, {file: hash}; untouched ones are left out. None when there are none."""
    given = {path.relative_to(starter).as_posix(): look(path) for path in starter.rglob("*.py")} if starter.is_dir() else {}
    found = {path.relative_to(folder).as_posix(): look(path) for path in sorted(folder.rglob("*.py")) if path.is_file()}
    return {name: hash for name, hash in found.items() if given.get(name) != hash} if found else None


def look(path):
    """A hash of a program's tokens; of its text where it is no Python."""
    source = path.read_bytes()
    try:
        tokens = [token.string for token in tokenize.tokenize(io.BytesIO(source).readline)
                  if token.type not in (tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)]
    except (SyntaxError, tokenize.TokenError, UnicodeError, LookupError):
        tokens = source.decode("utf-8", "replace").split()
    return hashlib.sha256("\n".join(tokens).encode("utf-8", "backslashreplace")).hexdigest()


def solutions():
    """What the reference solutions look like, {lesson: {file: hash}}."""
    return {lesson: looks(CHECKS.parent / "solutions" / lesson, STARTERS / lesson) for lesson in LESSONS}

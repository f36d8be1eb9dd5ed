"""Judge all submissions of a class, on some cores or on Dask's workers, and keep what is finished.

What comes out of a submission is written to a file of its own as soon as it is whole.
Started again, the grader does only what is missing, or has changed since: the files
handed in, the lessons asked for, the sandbox, or the kit.
"""

import concurrent.futures
import hashlib
import json
import os
import sys
import time
from pathlib import Path

from .. import sandbox
from ..course import CHECKS
from ..writing import write
from . import judging
from .handed_in import fingerprint, pack

RECORDS = ".judged"  # in the folder of the reports
NO_VERDICTS = {"grader.py", "reports.py", "page.py", "platforms.py", "command.py"}  # a change here changes no verdict
TRIES = 3  # times that Dask gives a submission to another worker, when one is lost


def kit():
    """A hash of all that a verdict depends on besides the submission."""
    files = sorted([*CHECKS.glob("*.py"), *(CHECKS / "lab").rglob("*.py")])
    parts = [path.relative_to(CHECKS).as_posix().encode() + path.read_bytes() for path in files
             if path.parent.name != "grading" or path.name not in NO_VERDICTS]
    return hashlib.sha256(repr(sys.version_info[:3]).encode() + b"".join(parts)).hexdigest()


class Grader:
    """The grading of one class.

    handed: {name: path}; out: the folder of the reports; asked: the lessons asked for by
    name; protect: --sandbox's value; tell(text): says how far it is; on_change(result): is
    told of what is known so far of a submission.
    """

    def __init__(self, handed, out, asked, protect="auto", tell=lambda text: None, on_change=lambda result: None):
        self.handed, self.asked, self.protect = handed, asked, protect
        self.records = Path(out) / RECORDS
        self.records.mkdir(parents=True, exist_ok=True)
        self.tell, self.on_change = tell, on_change
        self.kit = kit()
        self.walls = protect, sandbox.wanted(protect)[0]
        self.failed = []  # what could not be kept, as lines
        self.results = {}  # name -> result, of all that are finished
        self.stopped = False
        self._keys, self._finished, self._began = {}, 0, time.monotonic()

    # -------------------------------------------------- what is finished, and what is not

    def find_finished(self):
        """Take over what an earlier run has finished; return the names of the others, in order."""
        todo = []
        for name in self.handed:
            key = self.key(*self.packed(name))
            try:
                record = json.loads(self.file(name).read_text(encoding="utf-8"))
                kept = record["key"] == key and not record["result"]["broke"]
            except (OSError, ValueError, KeyError, TypeError):
                kept = False
            if kept:
                self.results[name] = record["result"]
            else:
                todo.append(name)
        self._finished = len(self.results)
        return todo

    def packed(self, name):
        try:
            return pack(self.handed[name])
        except Exception as error:  # whatever it is, it is of this submission, and the others are judged
            return b"", [f"{name}: cannot be read: {getattr(error, 'strerror', None) or f'{type(error).__name__}: {error}'}"]

    def key(self, packed, left_out):
        return hashlib.sha256(repr((fingerprint(packed, left_out), self.asked, self.kit, self.walls)).encode()).hexdigest()

    def file(self, name):
        return self.records / file_name(name, ".json")

    def finish(self, name, key, result):
        """Keep what came out of a submission."""
        if not self.stopped:
            self.results[name] = result
            try:
                write(self.file(name), json.dumps({"key": key, "result": result}))
            except OSError as error:  # then it is judged again next time; the reports have it
                self.failed.append(f"{self.file(name)}: {error.strerror or error}")
            self.on_change(result)

    def task(self, name):
        packed, left_out = self.packed(name)
        return self.key(packed, left_out), judging.task(name, packed, left_out, self.asked)

    # -------------------------------------------------- how far it is

    def progress(self, todo):
        """How many are done, and how long it will still take, in words."""
        done = len(self.results)
        judged = done - self._finished
        text = f"judged {done} of {len(self.handed)}"
        if 0 < judged < todo:
            text += f", about {duration((time.monotonic() - self._began) / judged * (todo - judged))} left"
        return text

    # -------------------------------------------------- judging

    def here(self, todo, jobs):
        """Judge these submissions, `jobs` at the same time."""
        protect, _ = sandbox.wanted(self.protect)

        def one(name):
            if self.stopped:
                return
            try:
                key, task = self.task(name)
                result = judging.judged(task, self.on_change, protect=protect)
            except Exception as error:  # a fault of the kit's: a row says so, and the others are judged
                key, result = "", judging.no_result(name, f"{type(error).__name__}: {error}")
            self.finish(name, key, result)

        pool = concurrent.futures.ThreadPoolExecutor(jobs)
        try:
            open_ = {pool.submit(one, name) for name in todo}
            while open_:  # each time a second at most: a signal that comes just before a wait is answered only after it
                done, open_ = concurrent.futures.wait(open_, 1, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    future.result()
                    self.tell(self.progress(len(todo)))
        finally:
            self.stopped = True
            judging.give_up()
            pool.shutdown(cancel_futures=True)
            judging.gave_up.clear()  # nothing of this judges any more; what comes later is to be judged

    def on_dask(self, todo, address):
        """Judge these submissions on the workers of a Dask scheduler; they have this kit, and its packages."""
        import distributed

        def judged_there(*arguments):  # travels as it is, so that the scheduler needs no kit
            from lab.grading import judging
            return judging.judged_elsewhere(*arguments)

        with distributed.Client(address, timeout=10) as client:
            futures = {}
            for name in todo:
                key, task = self.task(name)
                futures[client.submit(judged_there, task, self.protect, self.kit, pure=False, retries=TRIES)] = name, key
            for future in distributed.as_completed(futures):
                name, key = futures[future]
                error = future.exception()
                if error:
                    self.finish(name, "", judging.no_result(name, f"{type(error).__name__}: {error}"))
                else:
                    self.finish(name, key, future.result())
                self.tell(self.progress(len(todo)))


def duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def file_name(name, ending):
    """The name of a submission's file: its own, as long as the system takes it, and no other's: one that was shortened is longer than all that were not."""
    raw = os.fsencode(name)
    short = name if len(raw) <= 180 else f"{os.fsdecode(raw[:180])}-{hashlib.sha256(raw).hexdigest()[:12]}"
    return short + ending

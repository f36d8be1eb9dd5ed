"""What a submission is: a folder that looks like `lessons`, one folder a lesson.

Everything is read as bytes and kept; nothing in the submission is run here, and
nothing in it is ever changed: a program runs in a copy.
"""

import ast
import contextlib
import os
import stat
import tokenize
from pathlib import Path

MOST_FILES = 200
MOST_BYTES = 5 << 20  # in all of a lesson's files
MOST_PARTS = 50  # of a path in it
LONGEST_WORD, MOST_WORDS = 30, 60  # of a program's literals, in characters; and how many of them count
SKIPPED = {"__pycache__", ".git", ".venv", "node_modules", ".ipynb_checkpoints", ".pytest_cache"}


class Submission:
    """One student's work."""

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.resolve().name
        self._files, self._problems = {}, {}  # what was read and found out, once for all checks

    def holds(self, lesson):
        """Is there anything by the lesson's name?"""
        return os.path.lexists(self.path / lesson)

    def files(self, lesson):
        """Return the lesson's files, {relative path: bytes}.

        Links that leave the submission, what is no plain file and what may not be read are left out,
        and so is what exceeds the limits: `problem` says so where it matters.
        """
        if lesson not in self._files:
            self._files[lesson] = self._read(lesson)
        return self._files[lesson]

    def _read(self, lesson):
        found, total = {}, 0
        for path in sorted(self._walk(self.path / lesson)):
            with contextlib.suppress(OSError):  # it may not be read
                size = path.stat().st_size
                if len(found) < MOST_FILES and total + size <= MOST_BYTES:
                    found[path.relative_to(self.path / lesson).as_posix()] = path.read_bytes()
                    total += size
        return found

    def _walk(self, folder):
        root = os.path.realpath(self.path)
        for here, folders, names in os.walk(folder):
            is_deep = len(Path(here).relative_to(folder).parts) >= MOST_PARTS
            folders[:] = [] if is_deep else sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
            for name in names:
                path = Path(here, name)
                real = os.path.realpath(path)
                if lies_in(root, real) and os.path.isfile(real):
                    yield path

    def problem(self, lesson, name):
        """Return why the lesson's program `name` cannot be run, as one line, or None."""
        if (lesson, name) not in self._problems:
            self._problems[lesson, name] = self._problem(lesson, name)
        return self._problems[lesson, name]

    def _problem(self, lesson, name):
        folder, path, shown = self.path / lesson, self.path / lesson / name, f"{lesson}/{name}"
        root = os.path.realpath(self.path)
        if os.path.lexists(folder) and not folder.is_dir():
            return f"{lesson} is not a folder"
        for each, what in ((folder, lesson), (path, shown)):
            if not os.path.lexists(each):
                return f"{what} is missing"
            real = os.path.realpath(each)
            if not lies_in(root, real):
                return f"{what} is a link that leaves the submission; put the file itself there"
            if not os.path.exists(real):
                return f"{what} is a link to something that does not exist"
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return f"{shown} is a folder; it must be a file"
        if not stat.S_ISREG(mode):
            return f"{shown} is not a plain file"
        size = os.path.getsize(path)
        if size == 0:
            return f"{shown} is empty"
        if size > MOST_BYTES:
            return f"{shown} has {size:,} bytes; a program of more than {MOST_BYTES:,} bytes is not run"
        try:
            source = path.read_bytes()
        except OSError as error:
            return f"{shown} cannot be read: {error.strerror}"
        if b"\0" in source:
            return f"{shown} has a NUL byte in line {source[:source.index(0)].count(10) + 1}; a Python file has none"
        return not_text(shown, source)


def lies_in(root, path):
    """Is this real path in the folder `root`, or the folder itself?"""
    try:
        return os.path.commonpath([root, path]) == root
    except ValueError:  # another drive
        return False


def not_text(shown, source):
    """Return why Python cannot decode this source, as one line, or None."""
    lines = iter(source.splitlines(keepends=True))
    try:
        source.decode(tokenize.detect_encoding(lambda: next(lines, b""))[0])
    except UnicodeDecodeError as error:
        line = source[:error.start].count(10) + 1
        return f"{shown} is not UTF-8: byte 0x{source[error.start]:02x} in line {line}; save it as UTF-8"
    except (UnicodeError, LookupError) as error:  # an encoding that is none, or none for text
        return f"{shown} cannot be decoded: {error}"
    except SyntaxError as error:
        return f"{shown}: {error.msg}"
    return None


def words_in(files):
    """The short texts that stand in these files as literals, {relative path: bytes}: those with which a program may do something of its own."""
    found = {}
    for name, source in files.items():
        if name.endswith(".py"):
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                for node in ast.walk(ast.parse(source)):
                    value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
                    text = value.decode("latin-1") if isinstance(value, bytes) else value
                    if isinstance(text, str) and text.isprintable() and 0 < len(text.strip()) <= LONGEST_WORD:
                        found[text.strip()] = None
    return list(found)[:MOST_WORDS]

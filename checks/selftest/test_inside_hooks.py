"""The room inside: hooks change nothing that a program could notice."""

import contextlib
import doctest
import importlib.util
import io
import re
import sys
import types
from pathlib import Path

import pytest

# Something of each corner of the language, as plain programs; that of Python 3.12 is none for those before.
SNIPPETS = [path for path in sorted((Path(__file__).parent / "snippets").glob("*.py")) if path.stem != "3.12" or sys.version_info >= (3, 12)]


def outcome(code, name="a_student"):
    """What comes of running this: the output, the names, and the error with the student's own lines."""
    module = sys.modules[name] = types.ModuleType(name)
    out, error = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(out):
            exec(code, module.__dict__)
    except BaseException as caught:
        error, traceback, lines = caught, caught.__traceback__, []
        while traceback:
            if traceback.tb_frame.f_code.co_filename == code.co_filename:
                lines.append((traceback.tb_lineno, traceback.tb_frame.f_code.co_name))
            traceback = traceback.tb_next
        error = type(caught), str(caught), lines
    del sys.modules[name]
    names = {key: type(value) for key, value in vars(module).items() if key != "__builtins__"}
    return re.sub(r" at 0x[0-9a-f]+", "", out.getvalue()).splitlines(), list(names), error


def both(inside, source, name="server.py"):
    path = inside.where.folder + name
    return compile(source, path, "exec", dont_inherit=True), inside.hooks.compiled(source, path)


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem.replace("_", " "))
def test_hooks_change_nothing(inside, path):
    plain, hooked = (outcome(code) for code in both(inside, path.read_text()))
    assert hooked == plain
    assert plain[0] and (plain[2] is None) == (path.stem != "left_by_an_exception"), plain


@pytest.mark.parametrize("source", ["x = (", "return 1", "def f():\n  nonlocal q", "def f():\n  x = 1\n  global x", "break", "f() = 1", "x: int: 3",
                                    "def f(a, a): pass", "class A:\n    return 1", "await x", "(yield)", "*a", "f(**k, *a)", "del f()", "None = 1",
                                    "match 1:\n  case x: pass\n  case 2: pass", "x = [i for i in y, z]", "\tx\n        y", "from __future__ import nothing"])
def test_syntax_errors_stay(inside, source):
    found = []
    for compiled in (lambda: compile(source, "f.py", "exec", dont_inherit=True), lambda: inside.hooks.compiled(source, "f.py")):
        with pytest.raises(SyntaxError) as caught:
            compiled()
        found.append((str(caught.value), caught.value.lineno))
    assert found[0] == found[1]


LIBRARY = ["textwrap", "difflib", "heapq", "bisect", "argparse", "configparser", "csv", "dataclasses", "fractions", "statistics", "string",
           "tokenize", "ast", "json.decoder", "json.encoder", "json.scanner", "collections", "copy", "calendar", "colorsys", "contextlib", "cmd", "decimal",
           "fnmatch", "functools", "getopt", "graphlib", "gettext", "html.parser", "inspect", "ipaddress", "keyword", "locale", "mimetypes", "numbers",
           "opcode", "operator", "optparse", "pickle", "pickletools", "plistlib", "posixpath", "pprint", "queue", "random", "reprlib", "sched", "selectors",
           "shlex", "shutil", "socketserver", "stat", "tempfile", "threading", "timeit", "traceback", "types", "typing", "urllib.parse", "uuid", "weakref",
           "_collections_abc", "http.cookies", "enum"]
DOCUMENTED = {"difflib", "heapq", "fractions", "statistics", "random", "http.cookies", "pickletools", "collections", "reprlib"}


@pytest.mark.parametrize("name", LIBRARY)
def test_library_modules_stay_what_they_are(inside, name):
    """Hooked, a module of the library defines the same things, and its examples come out the same."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin.endswith(".py"):
        pytest.skip("not here")
    results = []
    for code in both(inside, Path(spec.origin).read_bytes(), "module.py"):
        before = set(sys.modules)
        module = sys.modules["a_student"] = types.ModuleType("a_student")
        module.__dict__.update(__package__=spec.parent, __file__=spec.origin)
        try:
            exec(code, module.__dict__)
            runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
            for test in doctest.DocTestFinder().find(module, "a_student") if name in DOCUMENTED else ():
                runner.run(test, out=lambda text: None)
            results.append((sorted(module.__dict__), {key: sorted(vars(value)) for key, value in module.__dict__.items()
                                                      if isinstance(value, type) and value.__module__ == "a_student"}, runner.failures, runner.tries))
        finally:
            for new in set(sys.modules) - before:  # typing has modules of its own making
                del sys.modules[new]
    assert results[0] == results[1]

"""`pytest checks` as people type it: options, exit codes, the verdict file, what is shown."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from typed import CHECKS, ECHO, THREADED, TOP, command, hand_in


def verdicts(folder, *options, limit=None):
    """The verdict file of a run on this submission: (exit code, its content, what was shown)."""
    file = folder.parent / "verdicts.json"
    done = command("--submission", folder, "--json", file, *options, limit=limit)
    return done.returncode, json.loads(file.read_text()), done.stdout


def test_students_run():
    done = command()
    assert done.returncode == 1
    for words in ("01_echo, rule 01.1: FAILED", "What should be", "What was", "What happened", "Where your server stands",
                  "Hint", "lessons/01_echo/README.md", "[>] 01_echo", "[ ] 05_broadcast"):
        assert words in done.stdout
    assert "Traceback" not in done.stdout and "checks/lab/" not in done.stdout


@pytest.mark.parametrize("name", ["5", "05", "broadcast", "05_broadcast"])
def test_a_lesson_has_four_names(name):
    done = command("--lesson", name, "--collect-only", "-q")
    assert done.returncode == 0 and "test_05_broadcast.py" in done.stdout and "test_04_join.py" not in done.stdout


@pytest.mark.parametrize("options, words", [
    (("--lesson", "77"), "unknown lesson '77'"),
    (("--submission", "no-such-folder"), "there is no folder no-such-folder"),
    (("--submission", TOP / "checks"), "holds none of the lessons"),
    (("--json", "no-such-folder/file.json"), "cannot be written")])
def test_wrong_commands(options, words, tmp_path):
    done = command(*options, cwd=tmp_path)
    assert done.returncode == 4
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_verdict_file_of_a_right_submission(tmp_path):
    code, content, _ = verdicts(hand_in(tmp_path / "alice", ECHO))
    assert code == 0
    assert content["schema"] == "chat-lab/result/v1" and content["submission"] == "alice"
    [lesson] = content["lessons"]
    assert lesson["lesson"] == "01_echo" and lesson["passed"] and lesson["points"] == lesson["max_points"] == 5
    assert all(check["verdict"] == "passed" for check in lesson["checks"])
    assert set(lesson["checks"][0]) == {"rule", "title", "verdict", "message", "hint", "where", "transcript", "seconds"}


def test_verdict_file_of_a_wrong_submission(tmp_path):
    folder = hand_in(tmp_path / "bob", ECHO.replace("conn.sendall(data)", "conn.sendall(data.upper())"))
    code, content, shown = verdicts(folder)
    assert code == 1
    [lesson] = content["lessons"]
    assert not lesson["passed"] and lesson["points"] == 0
    failed = next(check for check in lesson["checks"] if check["verdict"] == "failed")
    assert failed["rule"] == "01.1" and failed["where"][0] == {"file": "server.py", "line": 13, "what": "sends this to alice"}
    assert failed["transcript"][:2] == ["alice -- connects", "alice -> hello"] and failed["hint"]
    waiting = [check for check in lesson["checks"] if check["verdict"] == "waiting"]
    assert waiting and all(check["message"].startswith("waits for 01.1") for check in waiting)
    assert "conn.sendall(data.upper())" in shown


def test_workers_say_the_same(tmp_path):
    pytest.importorskip("xdist")
    folder = hand_in(tmp_path / "carol", ECHO.replace("with conn:", "if True:"))
    hand_in(folder, THREADED, "02_threads/server.py")

    def short(content):
        return [[(check["rule"], check["verdict"]) for check in lesson["checks"]] for lesson in content["lessons"]]

    assert short(verdicts(folder)[1]) == short(verdicts(folder, "-n", "2")[1])


def test_a_choice_is_run_and_counts(tmp_path):
    """-k leaves out what a check waits for at other times; and what only waits has not passed."""
    done = command("--submission", hand_in(tmp_path / "right", ECHO), "-k", "half_close")
    assert done.returncode == 0 and "passed 4 of the 4 that were chosen" in done.stdout
    never_closes = hand_in(tmp_path / "wrong", ECHO.replace("with conn:", "if True:"))
    done = command("--submission", never_closes, "-k", "half_close", "-n", "2")
    assert done.returncode == 1 and "01_echo, rule 01.3: FAILED" in done.stdout


def test_a_lesson_that_is_not_there_is_named(tmp_path):
    done = command("--submission", hand_in(tmp_path / "alice", ECHO))
    assert done.returncode == 0 and "not in this folder: 02_threads" in done.stdout


def test_cut_short(tmp_path):
    """A run that is interrupted leaves a verdict file in which nothing is missing."""
    folder, file = hand_in(tmp_path / "dave", "import time\ntime.sleep(60)\n"), tmp_path / "v.json"
    process = subprocess.Popen([*CHECKS, "--submission", folder, "--json", file], stdout=subprocess.DEVNULL, cwd=tmp_path)
    try:
        while not file.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 2
    finally:
        process.kill()
    [lesson] = json.loads(file.read_text())["lessons"]
    assert len(lesson["checks"]) > 5 and {check["verdict"] for check in lesson["checks"]} == {"waiting"}


def test_first_failure_only(tmp_path):
    folder = hand_in(tmp_path / "erin", ECHO.replace("except OSError", "except ZeroDivisionError"))
    code, content, _ = verdicts(folder, "-x")
    found = [check["verdict"] for check in content["lessons"][0]["checks"]]
    assert code == 1 and found.count("failed") == 1 and "waiting" in found


BAD = {
    "missing": (lambda folder: None, "01_echo/server.py is missing"),
    "empty": (lambda folder: (folder / "server.py").write_bytes(b""), "01_echo/server.py is empty"),
    "not UTF-8": (lambda folder: (folder / "server.py").write_bytes(b"x = 1\ns = '\xff'\n"), "byte 0xff in line 2"),
    "a folder": (lambda folder: (folder / "server.py").mkdir(), "01_echo/server.py is a folder"),
    "a link out": (lambda folder: (folder / "server.py").symlink_to(TOP / "solutions/01_echo/server.py"), "a link that leaves the submission"),
    "a dead link": (lambda folder: (folder / "server.py").symlink_to("nowhere.py"), "a link to something that does not exist"),
    "a pipe": (lambda folder: os.mkfifo(folder / "server.py"), "not a plain file"),
    "a NUL byte": (lambda folder: (folder / "server.py").write_bytes(b"x = 1\n\0\n"), "has a NUL byte in line 2"),
    "50 MB": (lambda folder: (folder / "server.py").write_bytes(b"# x\n" * (50 << 18)), "is not run"),
    "bad syntax": (lambda folder: (folder / "server.py").write_text("import socket\ndef main(:\n"), "SyntaxError"),
}


BAD_CLIENT = {
    "missing": (lambda file: file.unlink(), "06_client/client.py is missing"),
    "empty": (lambda file: file.write_bytes(b""), "06_client/client.py is empty"),
    "not UTF-8": (lambda file: file.write_bytes(b"x = 1\ns = '\xff'\n"), "byte 0xff in line 2"),
    "bad syntax": (lambda file: file.write_text("import socket\ndef main(:\n"), "SyntaxError"),
    "nothing in it": (lambda file: file.write_text("# later\n"), "client.py ended (exit code 0) and has not connected"),
}


@pytest.mark.parametrize("what", BAD_CLIENT)
def test_bad_client(what, tmp_path):
    """The same clear line, and the server is checked all the same."""
    make, words = BAD_CLIENT[what]
    folder = tmp_path / "mallory"
    shutil.copytree(TOP / "solutions/06_client", folder / "06_client")
    make(folder / "06_client/client.py")
    code, content, shown = verdicts(folder, "-k", "test_join or shown or silent_client or newcomer")
    first, *others = content["lessons"][0]["checks"]
    assert code == 1 and first["verdict"] == "failed" and words in first["message"]
    assert {check["verdict"] for check in others if check["rule"].startswith("06")} == {"waiting"}
    assert [check["verdict"] for check in others if check["rule"] == "05.1"][1] == "passed"
    assert "What was" in shown and "Traceback" not in shown


@pytest.mark.parametrize("what", BAD)
def test_bad_input(what, tmp_path):
    """A clear line for the student; the other lessons go on."""
    make, words = BAD[what]
    folder = tmp_path / "mallory"
    (folder / "01_echo").mkdir(parents=True)
    make(folder / "01_echo")
    hand_in(folder, THREADED, "02_threads/server.py")
    code, content, shown = verdicts(folder)
    first, second = content["lessons"]
    assert code == 1 and second["passed"]
    assert first["checks"][0]["verdict"] == "failed" and words in first["checks"][0]["message"]
    assert {check["verdict"] for check in first["checks"][1:]} == {"waiting"}
    assert "What was" in shown and "Traceback" not in shown


def test_a_file_in_place_of_a_lesson(tmp_path):
    folder = tmp_path / "oscar"
    folder.mkdir()
    (folder / "01_echo").write_text("")
    code, content, _ = verdicts(folder)
    assert code == 1 and "not a folder" in content["lessons"][0]["checks"][0]["message"]


def test_other_encodings_are_python_too(tmp_path):
    folder = hand_in(tmp_path / "ivan")
    (folder / "01_echo/server.py").write_bytes(("# -*- coding: cp1251 -*-\n# Сервер\n" + ECHO).encode("cp1251"))
    code, *_ = verdicts(folder)
    assert code == 0


def test_nothing_is_shown_of_a_file_that_was_not_handed_in(tmp_path):
    """A code object may bear any file's name, also one that the checker could read."""
    (tmp_path / "secret").write_text("the password\n")
    folder = hand_in(tmp_path / "eve", f"""import os
here = os.path.dirname(os.path.abspath(__file__))
exec(compile("1/0", here + {"/.." * 12 + str(tmp_path / "secret")!r}, "exec"))
""")
    code, content, shown = verdicts(folder)
    [spot] = content["lessons"][0]["checks"][0]["where"]
    assert code == 1 and (spot["file"], spot["line"]) == ("server.py", 3)
    assert "password" not in shown.partition("Where to look")[2].partition("What happened")[0].partition("The last lines")[0]


def test_the_terminal_is_safe_from_what_is_raised(tmp_path):
    *_, shown = verdicts(hand_in(tmp_path / "eve", "raise RuntimeError('\\x1b[2J')\n"))
    assert "\x1b" not in shown and "RuntimeError: \\x1b[2J" in shown


@pytest.mark.parametrize("coding", ["undefined", "hex", "no-such"])
def test_an_encoding_that_is_none(coding, tmp_path):
    code, content, _ = verdicts(hand_in(tmp_path / "eve", f"# coding: {coding}\n" + ECHO))
    assert code == 1 and content["lessons"][0]["checks"][0]["verdict"] == "failed"


def test_half_a_character_may_be_in_a_name_and_in_a_message(tmp_path):
    folder = hand_in(tmp_path / os.fsdecode(b"caf\xe9"), "raise RuntimeError('\\ud83d')\n")
    code, content, _ = verdicts(folder)
    assert code == 1 and content["submission"] == "caf\udce9" and "\ud83d" in content["lessons"][0]["checks"][0]["message"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_many_clients_where_few_files_are_allowed(tmp_path):
    resource = pytest.importorskip("resource")
    code, content, _ = verdicts(hand_in(tmp_path / "mallory", THREADED, "02_threads/server.py"),
                                limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
    assert code == 1 and {check["verdict"] for check in content["lessons"][0]["checks"]} == {"passed", "error", "waiting"}


def test_nothing_changes_in_the_submission(tmp_path):
    folder = hand_in(tmp_path / "peggy", "import os\nos.remove(__file__)\n" + ECHO)
    before = sorted(folder.rglob("*"))
    code, *_ = verdicts(folder)
    assert code == 0 and sorted(folder.rglob("*")) == before


def test_class_files_stay_out(tmp_path):
    """A submission's conftest.py and the like mean nothing to the checker."""
    folder = hand_in(tmp_path / "eve", ECHO)
    for name in ("conftest.py", "sitecustomize.py", "pytest.ini"):
        (folder / name).write_text("raise SystemExit(0)\n")
        shutil.copy(folder / name, folder / "01_echo" / name)
    code, content, _ = verdicts(folder)
    assert code == 0 and content["lessons"][0]["passed"]

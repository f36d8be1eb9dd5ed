"""Grading a class: what is handed in, what comes out, and that everybody has a row."""

import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import zipfile

import pytest
from lab import sandbox
from lab.grading import grader as grader_module
from lab.grading import handed_in, judging, page, reports
from lab.grading.command import Usage, run, scale_in
from lab.grading.grader import Grader, file_name
from lab.grading.handed_in import Limits, find, lay_out, pack
from lab.submission import Submission
from lab.verdict import ERROR, FAILED, PASSED, UNKNOWN, WAITING, Check, Scale, points
from typed import CHECKS, ECHO, ENDS, TOP, command, hand_in, table


def zipped(entries):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(entries):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                entry.type, entry.linkname = content
                content = b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def laid_out(packed, folder, *asked):
    limits = Limits()
    lessons = lay_out(packed, asked, folder, limits)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return lessons, files, limits.left_out


# ------------------------------------------------------------------ what is handed in

@pytest.mark.parametrize("path", ["01_echo/server.py", "lessons/01_echo/server.py", "alice/lessons/01_echo/server.py", "work/01_echo/server.py"])
@pytest.mark.parametrize("archived", ["folder", "zip", "tar.gz", "zip in a folder"])
def test_lessons_are_found_wherever_they_lie(path, archived, tmp_path):
    handed = hand_in(tmp_path / "class/alice", path=path)
    packed, left_out = pack(handed)
    content = {path: ENDS.encode()}
    if archived == "zip in a folder":
        shutil.rmtree(handed)
        handed.mkdir()
        (handed / "work.zip").write_bytes(zipped(content))
        packed, left_out = pack(handed)
    elif archived != "folder":
        packed = zipped(content) if archived == "zip" else tarred(content)
    assert not left_out
    assert laid_out(packed, tmp_path / "out") == (["01_echo"], {"01_echo/server.py"}, [])


def test_files_may_lie_flat_when_one_lesson_is_asked(tmp_path):
    packed = zipped({"server.py": ENDS, "rooms/names.py": "x = 1"})
    lessons, _, left_out = laid_out(packed, tmp_path / "a")
    assert lessons == [] and left_out == ["no lesson's folder was found: there is rooms/names.py, server.py"]
    assert laid_out(packed, tmp_path / "b", "05_broadcast")[:2] == (["05_broadcast"], {"05_broadcast/server.py", "05_broadcast/rooms/names.py"})
    packed = zipped({"alice_1_assignsubmission_file_/server.py": ENDS})
    assert laid_out(packed, tmp_path / "c", "05_broadcast")[1] == {"05_broadcast/server.py"}


def test_who_hands_in_the_whole_kit_is_not_judged_by_its_solutions(tmp_path):
    content = {f"chat-lab/{folder}/{lesson}/server.py": folder for folder in ("solutions", "lessons") for lesson in ("01_echo", "02_threads")}
    lessons, *_ = laid_out(zipped(content), tmp_path)
    assert lessons == ["01_echo", "02_threads"] and (tmp_path / "01_echo/server.py").read_text() == "lessons"


@pytest.mark.parametrize("archive", [zipped, tarred])
@pytest.mark.parametrize("name", ["../../evil.py", "/tmp/evil.py", "..\\..\\evil.py", "C:\\evil.py", "01_echo/../../evil.py"])
def test_no_path_leaves_the_folder(archive, name, tmp_path):
    packed = archive({name: b"evil", "01_echo/server.py": ENDS.encode()})
    _, files, left_out = laid_out(packed, tmp_path / "in/side")
    assert files == {"01_echo/server.py"} and len(left_out) == 1
    assert [path.name for path in tmp_path.rglob("*.py")] == ["server.py"]


def test_links_and_devices_are_left_out(tmp_path):
    packed = tarred({"01_echo/server.py": (tarfile.SYMTYPE, "/etc/passwd"), "01_echo/hard.py": (tarfile.LNKTYPE, "01_echo/server.py"),
                     "01_echo/pipe": (tarfile.FIFOTYPE, ""), "01_echo/a.py": b"a"})
    _, files, left_out = laid_out(packed, tmp_path / "tar")
    assert files == {"01_echo/a.py"} and len(left_out) == 3
    link = zipfile.ZipInfo("01_echo/server.py")
    link.external_attr = 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert laid_out(packed.getvalue(), tmp_path / "zip")[2][0] == "01_echo/server.py: a link"
    folder = hand_in(tmp_path / "bob")
    (folder / "01_echo/out.py").symlink_to("/etc/passwd")
    (folder / "01_echo/within.py").symlink_to("server.py")
    os.mkfifo(folder / "01_echo/pipe")
    packed, left_out = pack(folder)
    assert sorted(left_out) == ["01_echo/out.py: a link that leaves the submission", "01_echo/pipe: not a plain file"]
    assert laid_out(packed, tmp_path / "folder")[1] == {"01_echo/server.py", "01_echo/within.py"}


def test_no_bomb_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST_BYTES", 1 << 20)
    for number, archive in enumerate((zipped, tarred)):
        packed = archive({"01_echo/server.py": ENDS.encode(), "01_echo/zeros": bytes(50 << 20)})
        assert len(packed) < 1 << 20
        _, files, left_out = laid_out(packed, tmp_path / str(number))
        assert "01_echo/zeros" not in files and left_out
    many = zipped({f"01_echo/{number}.py": "" for number in range(handed_in.MOST_FILES + 5)})
    assert len(laid_out(many, tmp_path / "many")[1]) == handed_in.MOST_FILES


NO_ARCHIVES = {"nothing": b"", "half a zip": zipped({"a": b"x" * 1000})[:-30], "like a zip": b"PK\x03\x04 nonsense", "like a gz": b"\x1f\x8b nonsense",
               "half a tar.gz": tarred({"a": os.urandom(1000)})[:-100], "text": b"nonsense" * 1000}


@pytest.mark.parametrize("what", NO_ARCHIVES)
def test_what_is_no_archive_is_said_to_be_none(what, tmp_path):
    lessons, files, left_out = laid_out(NO_ARCHIVES[what], tmp_path)
    assert lessons == [] and not files and left_out


@pytest.mark.parametrize("method, at", [(method, at) for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA) for at in (30, 60, 200)])
def test_whatever_a_broken_archive_raises_is_said(method, at, tmp_path):
    """Something else stands in its first entry, or before it: each compression has errors of its own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("a.py", random.Random(1).randbytes(500))
    broken = bytearray(packed.getvalue())
    broken[at:at + 4] = b"\xff\xff\xff\xff"
    lessons, files, left_out = laid_out(bytes(broken), tmp_path)
    assert lessons == [] and not files and "cannot be read" in left_out[0]


def test_of_what_is_too_much_nothing_is_unpacked(tmp_path, monkeypatch):
    """By what it says of itself; and of one that says less than it has, no more than a piece."""
    def bomb(says):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as archive:
            for number in range(3):
                archive.writestr(f"01_echo/{number}", bytes(5 << 20))
            archive.writestr("01_echo/server.py", ENDS)
            for entry in archive.filelist[:3]:
                entry.file_size = says or entry.file_size
        return packed.getvalue()

    monkeypatch.setattr(handed_in, "MOST_BYTES", 1 << 20)
    sparse = tarfile.TarInfo("01_echo/sparse")
    sparse.size, sparse.pax_headers = 0, {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(10 << 30)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(sparse)
        archive.addfile(tarfile.TarInfo("01_echo/server.py"))
    taken = []
    monkeypatch.setattr(handed_in, "content_of", lambda opened, size, real=handed_in.content_of: taken.append(real(opened, size)) or taken[-1])
    for number, content in enumerate((bomb(0), packed.getvalue())):
        assert laid_out(content, tmp_path / str(number))[1] == {"01_echo/server.py"}
    assert sum(map(len, taken)) == len(ENDS)
    assert "cannot be read" in laid_out(bomb(1000), tmp_path / "says less")[2][0] and len(taken) == 2


def test_deep_trees_are_cut_off(tmp_path):
    handed = hand_in(tmp_path / "alice")
    here = os.open(handed / "01_echo", os.O_RDONLY)
    for _ in range(1500):  # the path is longer than the system takes at once
        os.mkdir("d", dir_fd=here)
        here, before = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(before)
    os.close(here)
    try:
        packed, left_out = pack(handed)
        assert Submission(handed).files("01_echo") == {"server.py": ENDS.encode()}
    finally:
        subprocess.run(["rm", "-r", handed], check=True)  # shutil gives up
    assert handed_in.TOO_DEEP in left_out[0] and laid_out(packed, tmp_path / "a")[1] == {"01_echo/server.py"}
    for archive in (zipped, tarred):
        packed = archive({"01_echo/server.py": ENDS.encode(), f"01_echo/{'a/' * 1500}x.py": b""})
        assert laid_out(packed, tmp_path / archive.__name__)[1:] == ({"01_echo/server.py"}, [f"{('01_echo/' + 'a/' * 50)[:100]}: {handed_in.TOO_DEEP}"])


def test_what_is_no_plain_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "zed.zip")
    assert pack(tmp_path / "zed.zip") == (b"", ["zed.zip: not a plain file"])


def test_find(tmp_path):
    for name in ("bob", "alice", "__MACOSX", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("alice.zip", "carol.tar.gz", "dave.TGZ", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert list(find(tmp_path)) == ["alice", "alice.zip", "bob", "carol", "dave"]


# ------------------------------------------------------------------ a class, from the command line

@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that was graded once: (its folder, the reports' folder, the command's end)."""
    top = tmp_path_factory.mktemp("grading")
    folder, out = top / "class", top / "out"
    hand_in(folder / "alice", ECHO)
    hand_in(folder / "bob/lessons", f"# my own\n{ECHO.replace('    ', chr(9))}\n")
    hand_in(folder / "=carol", path="server.py")
    (folder / "dave.zip").write_bytes(zipped({"dave/lessons/01_echo/server.py": ENDS}))
    (folder / "erin").mkdir()
    hand_in(folder / "frank", (TOP / "lessons/01_echo/server.py").read_text())
    before = snapshot(folder)
    done = command("--class", folder, "--report", out, "--lesson", "1", "-n", "3")
    assert snapshot(folder) == before
    return folder, out, done


def snapshot(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_everybody_has_a_row(graded):
    _, out, done = graded
    assert done.returncode == 1 and "judged 6 of 6" in done.stdout and "left" in done.stdout
    rows = table(out)
    assert list(rows) == ["'=carol", "alice", "bob", "dave", "erin", "frank"]
    assert {name: row["points"] for name, row in rows.items()} == {"'=carol": "0", "alice": "5", "bob": "5", "dave": "0", "erin": "0", "frank": "0"}
    assert rows["dave"]["first_broken"] == "01.1" and rows["dave"]["line"] == "server.py:1" and int(rows["dave"]["waiting_checks"]) > 5
    assert "no lesson's folder was found" in rows["erin"]["note"] and "starter" not in rows["erin"]["note"] and rows["frank"]["note"] == "the starter, not changed"
    assert rows["alice"]["note"] == "the same as the reference solution; the same as bob"
    assert "the same as dave" in rows["'=carol"]["note"]


def test_reports(graded):
    _, out, _ = graded
    content = json.loads((out / "results/dave.json").read_text())
    assert content["schema"] == "chat-lab/result/v1" and content["submission"] == "dave"
    assert set(content["lessons"][0]["checks"][0]) == {"rule", "title", "verdict", "message", "hint", "where", "transcript", "seconds"}
    [spot] = content["lessons"][0]["checks"][0]["where"]
    assert (spot["file"], spot["line"]) == ("server.py", 1)
    text = (out / "feedback/dave.txt").read_text()
    assert "0 of 5 points" in text and "What was" in text and "lessons/01_echo/server.py:1" in text and str(TOP) not in text
    index = (out / "index.html").read_text()
    for name in ("alice", "=carol"):
        assert f'">{name}</a>' in index and (out / f"pages/{name}.html").exists()
    for text in (index, (out / "pages/dave.html").read_text()):
        assert "http://" not in text and "https://" not in text and "<script" not in text and "prefers-color-scheme" in text


def test_started_again_it_does_what_is_new(graded, tmp_path):
    folder, out = (shutil.copytree(path, tmp_path / path.name) for path in graded[:2])
    again = command("--class", folder, "--report", out, "--lesson", "01")
    assert "6 submissions, 6 of them judged before" in again.stdout
    hand_in(folder / "frank", ENDS + "# changed\n")
    hand_in(folder / "gina")
    again = command("--class", folder, "--report", out, "--lesson", "01", "-n", "2")
    assert "7 submissions, 5 of them judged before" in again.stdout and "the same as" in table(out)["gina"]["note"]


def test_a_name_that_is_no_text_is_told(tmp_path):
    """Where standard output is strict, as it is in UTF-8."""
    hand_in(tmp_path / "class/al\udcffice", "x", path="a.zip")
    folder = tmp_path / "class/al\udcffice"
    done = command("--class", folder.parent, "--report", tmp_path / "o\udcffut", "-p", "no:xdist")
    assert done.returncode == 1 and "o\\udcffut/index.html" in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_without_xdist_n_is_known_too(tmp_path):
    hand_in(tmp_path / "class/alice")
    done = command("--class", tmp_path / "class", "--report", tmp_path / "out", "-n", "2", "-p", "no:xdist")
    assert done.returncode == 1 and table(tmp_path / "out")["alice"]["lesson"] == "01_echo"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_taken_up_again(how, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "out"
    hand_in(folder / "alice")
    for name in ("bob", "carol"):
        hand_in(folder / name, "import time\ntime.sleep(60)\n")
    process = subprocess.Popen([*CHECKS, "--class", folder, "--report", out, "--sandbox", "off"],
                               stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        while "judged 1 of 3" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(how)
        assert process.wait(30) == 2
    finally:
        process.kill()
        process.stdout.close()
    rows = table(out)
    assert rows["alice"]["points"] == "0" and rows["bob"]["note"] == rows["carol"]["note"] == "not judged yet"
    for name in ("bob", "carol"):
        hand_in(folder / name)
    done = command("--class", folder, "--report", out, "--sandbox", "off")
    assert "3 submissions, 1 of them judged before" in done.stdout and table(out)["bob"]["points"] == "0"


@pytest.mark.parametrize("options, words", [
    (("--class", "nowhere", "--report", "out"), "there is no folder nowhere"),
    (("--class", "empty", "--report", "out"), "holds no submission"),
    (("--class", "class"), "say with --report OUT"),
    (("--class", "class", "--report", "out", "-k", "echo"), "-k and -m"),
    (("--class", "class", "--report", "class/out"), "must be a folder outside"),
    (("--class", "class/alice", "--report", "out"), "is one submission"),
    (("--class", "class", "--report", "out", "--lesson", "77"), "unknown lesson '77'"),
    (("--class", "class", "--report", "out", "--submission", "class"), "cannot be given together"),
    (("--class", "class", "--report", "out", "--points", "nowhere.toml"), "cannot be read"),
    (("--class", "class", "--report", "out", "--dask", "tcp://127.0.0.1:1"), "--dask:"),
    (("--points", "points.toml"), "needs --class")])
def test_wrong_commands(options, words, tmp_path):
    hand_in(tmp_path / "class/alice")
    (tmp_path / "empty").mkdir()
    done = command(*options, cwd=tmp_path)
    assert done.returncode == 4 and words in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr


# ------------------------------------------------------------------ a process that judges, and what may become of it

@pytest.mark.parametrize("start, words", [
    ("import os; os._exit(7)", "ended (exit code 7)"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended (by SIGKILL)"),
    ("raise ImportError('broken kit')", "broken kit"),
    ("import time; time.sleep(60)", "told nothing for 0.5 seconds"),
    ("print('nonsense', flush=True)", "is no fact"),
    ("print('[]', flush=True)", "is no fact")])
def test_a_process_that_breaks_is_a_result_that_says_so(start, words, monkeypatch, tmp_path):
    monkeypatch.setattr(judging, "START", start)
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), patience=0.5)
    assert words in result["broke"] and result["submission"] == "alice"


@pytest.mark.parametrize("what, words", [
    ("judging.lay_out = lambda *_: 1 / 0", "ended (exit code 1): ZeroDivisionError: division by zero"),
    ("judging.judge = lambda *_: [sys.stderr.write('a line\\n' * (1 << 20)), 1 / 0]", "ended (exit code 1): ZeroDivisionError: division by zero")])
def test_its_last_word_is_told(what, words, monkeypatch, tmp_path):
    """Also when its standard input is being read, and when there are megabytes before it."""
    monkeypatch.setattr(judging, "START", judging.START.replace("judging.main()", f"{what}; judging.main()"))
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), patience=60)
    assert words in result["broke"]


DIGS = """
import os
here = os.open(".", os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d", dir_fd=here)
    here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
    os.close(above)
"""


def test_what_a_program_leaves_takes_no_row_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(judging.tempfile, "tempdir", None)
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path / "alice", DIGS)), ["01_echo"]))
    assert result["lessons"] and not [path for path in tmp_path.iterdir() if path.name != "alice"]


def test_what_was_found_before_it_broke_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(judging, "START", judging.START.replace("judging.main()", (
        "from lab import judge; judge.judge = lambda run, lesson: [judging.os._exit(3) if check.rule == '01.2' else run.note(lesson, "
        "{'name': check.name, 'verdict': 'passed', 'message': ''}) for check in run.checks[lesson]]; judging.judge = judge.judge; judging.main()")))
    seen = []
    result = judging.judged(judging.task("alice", *pack(hand_in(tmp_path)), ["01_echo"]), lambda result: seen.append(1))
    verdicts = {check["rule"]: check["verdict"] for check in result["lessons"][0]["checks"]}
    assert verdicts["01.1"] == PASSED and {verdicts[rule] for rule in ("01.2", "01.3", "01.4", "01.5")} == {ERROR} and seen
    [lesson] = reports.whole([result])[0]["lessons"]
    assert (lesson["points"], lesson["max_points"], lesson["undecided"]) == (1, 1, 4)


def test_a_kit_that_breaks_is_a_row_and_the_others_are_judged(monkeypatch, tmp_path):
    handed = {name: hand_in(tmp_path / name) for name in ("alice", "bob")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    monkeypatch.setattr(grader, "task", lambda name: 1 / 0 if name == "alice" else Grader.task(grader, name))
    grader.here(grader.find_finished(), 2)
    assert "ZeroDivisionError" in grader.results["alice"]["broke"] and not grader.results["bob"]["broke"]
    assert Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished() == ["alice"]


def test_what_cannot_be_kept_is_said_and_the_others_are(monkeypatch, tmp_path, capsys):
    handed = {name: hand_in(tmp_path / name) for name in ("alice", "bob")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    write = grader_module.write

    def full(path, text):
        if path.stem == "alice":
            raise OSError(28, "No space left on device")
        write(path, text)

    for module in (grader_module, reports):
        monkeypatch.setattr(module, "write", full)
    assert run(grader, tmp_path / "out", Scale(), 2, None, [], "") == 1
    assert "4 files could not be written" in (said := capsys.readouterr().out) and said.count("No space left") == 1
    assert list(table(tmp_path / "out")) == ["alice", "bob"] and (tmp_path / "out/pages/bob.html").exists()
    assert Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished() == ["alice"]


def test_what_was_found_without_walls_does_not_count_behind_them(monkeypatch, tmp_path):
    handed = {"alice": hand_in(tmp_path / "alice")}
    grader = Grader(handed, tmp_path / "out", ["01_echo"], "off")
    grader.here(grader.find_finished(), 1)
    assert not Grader(handed, tmp_path / "out", ["01_echo"], "off").find_finished()
    monkeypatch.setattr(sandbox, "wanted", lambda option: (option != "off", None))
    assert Grader(handed, tmp_path / "out", ["01_echo"], "require").find_finished() == ["alice"]


def test_no_two_have_one_file():
    long = "é" * 120
    names = [long, long + "x", "a" * 180, "a" * 181, file_name(long, ""), file_name("a" * 181, "")]
    files = [file_name(name, ".json") for name in names]
    assert len(set(files)) == len(files) and all(len(os.fsencode(name)) < 255 for name in files)


# ------------------------------------------------------------------ the folder of the reports

def snapshot_of(*folders):
    return {path: path.read_bytes() if path.is_file() else None for folder in folders for path in folder.rglob("*")}


@pytest.mark.parametrize("there, out, words", [
    ("", "hw", "must be a folder outside hw/results, and"),
    ("", ".", "must be a folder outside hw/results, and"),
    ("", "hw/results/out", "must be a folder outside hw/results, and"),
    ("site/pages/mine.html", "site", "site/pages is there, and was not written by grading a class"),
    ("site/grades.csv", "site", "site/grades.csv is there, and was not written by grading a class"),
    ("site/results", "site", "site/results is in the way")])
def test_what_others_have_written_is_left_alone(there, out, words, tmp_path):
    hand_in(tmp_path / "hw/results/alice")
    if there:
        (tmp_path / there).parent.mkdir(parents=True)
        (tmp_path / there).write_text("mine")
    before = snapshot_of(tmp_path)
    done = command("--class", "hw/results", "--report", out, cwd=tmp_path)
    assert done.returncode == 4 and (f"--report: {out} cannot be used" in done.stderr or f"--report: {words}" in done.stderr)
    assert words in done.stderr and snapshot_of(tmp_path) == before


def test_a_link_in_the_place_of_a_folder_is_in_the_way(tmp_path):
    hand_in(tmp_path / "class/alice")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/results").symlink_to("../elsewhere")
    done = command("--class", "class", "--report", "out", cwd=tmp_path)
    assert done.returncode == 4 and "out/results is in the way: it must be a folder, and no link" in done.stderr and not list((tmp_path / "elsewhere").iterdir())


def test_reports_of_those_who_are_gone_are_removed_and_nothing_else(tmp_path):
    both = reports.whole([judging.no_result(name, "") for name in ("alice", "bob")])
    assert reports.write_all(both, tmp_path, "") == []
    (tmp_path / "pages/mine.html").write_text("mine")
    assert reports.write_all(both[:1], tmp_path, "") == [] and reports.taken(tmp_path) is None
    assert {path.name for path in tmp_path.glob("*/*")} == {"alice.json", "alice.txt", "alice.html", "mine.html", "written"}
    (tmp_path / "pages/bob.html").write_text("mine")
    reports.write_all(both[:1], tmp_path, "")
    assert (tmp_path / "pages/bob.html").exists()


# ------------------------------------------------------------------ points, notes, pages

def test_points_on_a_scale():
    def checks(**verdicts):
        return [Check(rule.replace("_", ".")[1:5], "", verdict) for rule, verdict in verdicts.items()]

    both = checks(r05_1a=PASSED, r05_1b=FAILED, r05_2=PASSED, r01_4=FAILED)
    assert points("05_broadcast", both) == (0, 2)
    assert points("05_broadcast", both, Scale({"05.2": 3})) == (2, 4)
    assert points("05_broadcast", both, Scale({"05.1": 2}, partial=True, kept=0.5)) == (1.5, 3)


@pytest.mark.parametrize("text, words", [
    ("default = 'two'", "no number of points"), ("kept = -1", "no number"), ("[rules]\n'05.77' = 1", "no rule '05.77'"), ("points = 3", "unknown setting"),
    ("partial = 1", "true or false"), ("what is this", "cannot be read"), ("default = true", "no number"), ("default = nan", "no number")])
def test_wrong_points(text, words, tmp_path):
    (tmp_path / "points.toml").write_text(text)
    with pytest.raises(Usage, match=words):
        scale_in(tmp_path / "points.toml")


def test_points_file(tmp_path):
    (tmp_path / "points.toml").write_text("default = 2\npartial = true\n[rules]\n'05.2' = 2.5\n")
    assert scale_in(tmp_path / "points.toml") == Scale({"05.2": 2.5}, default=2, partial=True)


def result_with(verdict, name="eve", **more):
    check = dict.fromkeys(judging.ROW) | {"rule": "05.2", "title": "A <b>title</b>", "verdict": verdict, "message": "<script>alert(1)</script>", "hint": "",
                                          "where": [{"file": "server.py", "line": 3, "what": "&here", "around": [[3, "</pre><script>"]]}],
                                          "transcript": ["<i>"], "detail": [["<u>", ["<s>"]]], "seconds": 0.1}
    lesson = {"lesson": "05_broadcast", "checks": [check | more], "text": ""}
    return judging.no_result(name, "") | {"lessons": [lesson], "looks": {}}


@pytest.mark.parametrize("verdict", [FAILED, UNKNOWN, ERROR, WAITING, PASSED])
def test_what_a_student_wrote_is_text(verdict):
    [result] = reports.whole([result_with(verdict, name="<img src=x>")])
    for text in (page.report_page(result), page.class_page([result], "<class>")):
        for tag in ("<script", "<img", "<u>", "<s>", "<b>title", "<class>"):
            assert tag not in text


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n1", "  =1", "\xa0=1"])
def test_no_cell_is_a_formula(cell):
    assert list(csv.reader(io.StringIO(reports.as_csv(["a", "b"], [{"a": cell, "b": ","}]), newline="")))[1:] == [["'" + cell.replace("\r", "\\r"), ","]]
    assert reports.as_csv(["a"], [{"a": -1}, {"a": "b=1"}]) == "a\n-1\nb=1\n"


def test_undecided_is_seen():
    for verdict in (UNKNOWN, ERROR):
        [result] = reports.whole([result_with(verdict)])
        [row] = reports.rows([result])
        assert row["undecided"] == 1 and row[f"{verdict}_checks"] == 1 and row["points"] == 0
        assert "could not be decided" in reports.feedback(result) and "To look at by hand" in page.class_page([result], "")


def test_looks(tmp_path):
    solution = TOP / "solutions/02_threads"
    for name, change in (("same", lambda text: text.replace("\n\n", "\n# a word\n\n\n").replace("    ", "  ")),
                         ("other", lambda text: text.replace("conn", "connection"))):
        shutil.copytree(solution, tmp_path / name)
        (tmp_path / name / "server.py").write_text(change((solution / "server.py").read_text()))
    reference = judging.solutions()["02_threads"]
    assert judging.looks(tmp_path / "same", judging.STARTERS / "02_threads") == reference
    assert judging.looks(tmp_path / "other", judging.STARTERS / "02_threads") != reference
    assert judging.looks(judging.STARTERS / "02_threads", judging.STARTERS / "02_threads") == {}

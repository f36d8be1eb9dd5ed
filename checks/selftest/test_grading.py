"""Grading a class from the command line: what comes out, and that everybody has a row."""

import json
import shutil
import signal
import subprocess
import zipfile

import pytest
from typed import CHECKS, ECHO, ENDS, TOP, command, hand_in, table


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that was graded once: (its folder, the reports' folder, the command's end)."""
    top = tmp_path_factory.mktemp("grading")
    folder, out = top / "class", top / "out"
    hand_in(folder / "alice", ECHO)
    hand_in(folder / "bob/lessons", f"# my own\n{ECHO.replace('    ', chr(9))}\n")
    hand_in(folder / "=carol", path="server.py")
    with zipfile.ZipFile(folder / "dave.zip", "w") as archive:
        archive.writestr("dave/lessons/01_echo/server.py", ENDS)
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


# ------------------------------------------------------------------ the folder of the reports

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
    before = snapshot(tmp_path)
    done = command("--class", "hw/results", "--report", out, cwd=tmp_path)
    assert done.returncode == 4 and (f"--report: {out} cannot be used" in done.stderr or f"--report: {words}" in done.stderr)
    assert words in done.stderr and snapshot(tmp_path) == before


def test_a_link_in_the_place_of_a_folder_is_in_the_way(tmp_path):
    hand_in(tmp_path / "class/alice")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/results").symlink_to("../elsewhere")
    done = command("--class", "class", "--report", "out", cwd=tmp_path)
    assert done.returncode == 4 and "out/results is in the way: it must be a folder, and no link" in done.stderr and not list((tmp_path / "elsewhere").iterdir())

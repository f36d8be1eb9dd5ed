"""What is handed in: the lessons are found in it, whatever form it has, and nothing else comes out of it."""

import io
import os
import random
import shutil
import subprocess
import tarfile
import zipfile

import pytest
from lab.grading import handed_in
from lab.grading.handed_in import Limits, find, lay_out, pack
from lab.submission import Submission
from typed import ENDS, hand_in


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

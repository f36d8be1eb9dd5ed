"""What a class has handed in: folders and archives, packed, and laid out as submissions.

Nothing in it is trusted, and nothing is changed. What is read is packed into the bytes
of one archive; these are laid out as a folder that looks like `lessons`, wherever in
them the lessons' folders lie.
"""

import functools
import gzip
import hashlib
import io
import itertools
import os
import stat
import tarfile
import zipfile
from pathlib import Path

from ..course import LESSONS
from ..submission import MOST_PARTS, SKIPPED

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
MOST_ARCHIVE = 50 << 20  # bytes of an archive file
MOST_FILES = 2000  # of one submission
MOST_BYTES = 64 << 20  # of one submission, unpacked
MOST_ENTRIES = 100_000  # of one archive that are looked at
PIECE = 4096  # bytes that are unpacked at once: bzip2 makes no less of what it is given than there is in it
TOO_DEEP = f"a path of more than {MOST_PARTS} parts"
DEPTH = 3  # folders around the lessons' folders that are looked into
NOT_THEIRS = {"solutions", "checks", "notebooks", "assets", "__MACOSX"}  # of a student who hands in the whole kit
PROGRAMS = ("server.py", "client.py")


def is_archive(name):
    return name.lower().endswith(ARCHIVES)


def stem(name):
    """The name of an archive without its ending."""
    ending = next((ending for ending in ARCHIVES if name.lower().endswith(ending)), "")
    return name[:len(name) - len(ending)]


def find(folder):
    """Return the submissions in a class's folder, {name: path}, in order: every folder, and every archive."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        name = path.name
        if name.startswith(".") or name in SKIPPED | {"__MACOSX"} or not (path.is_dir() or is_archive(name)):
            continue
        if not path.is_dir() and stem(name) and stem(name) not in found:
            name = stem(name)
        found[name] = path
    return found


class Limits:
    """How much of one submission is taken, and what was left out: `left_out`, lines."""

    def __init__(self):
        self.files, self.bytes = MOST_FILES, MOST_BYTES
        self.left_out = []

    def leave(self, path, why):
        if len(self.left_out) < 20:
            self.left_out.append(f"{path}: {why}")

    def takes(self, path, size):
        """Is there room for one more file of this size?"""
        if self.files < 1 or self.bytes < size:
            self.leave(path, f"too much: at most {MOST_FILES:,} files and {MOST_BYTES:,} bytes are taken")
            return False
        self.files -= 1
        self.bytes -= size
        return True


def pack(path):
    """Return (an archive's bytes, what was left out, as lines) of a folder or an archive."""
    limits = Limits()
    if path.is_symlink():
        limits.leave(path.name, "a link; only what lies in the class's folder itself is taken")
        return b"", limits.left_out
    if not path.is_dir():
        status = path.stat()
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            limits.leave(path.name, "not a plain file")
            return b"", limits.left_out
        if size > MOST_ARCHIVE:
            limits.leave(path.name, f"has {size:,} bytes; an archive of more than {MOST_ARCHIVE:,} is not unpacked")
            return b"", limits.left_out
        return path.read_bytes(), []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # its entries bear one date: the same files make the same bytes
        for name, content in walk(path, limits):
            archive.writestr(zipfile.ZipInfo(name.encode("utf-8", "backslashreplace").decode()), content)
    return packed.getvalue(), limits.left_out


def walk(root, limits):
    """Yield (name, bytes) of the plain files in a folder; of a folder (name with / at its end, b"")."""
    inside = os.path.realpath(root)
    for here, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        parts = Path(here).relative_to(root).parts
        if len(parts) >= MOST_PARTS:
            limits.leave(shown("/".join(parts)), TOO_DEEP)
            folders[:], names = [], []
        if parts:
            yield "/".join(parts) + "/", b""
        for name in sorted(names):
            path = Path(here, name)
            name = path.relative_to(root).as_posix()
            real = os.path.realpath(path)
            try:
                status = os.stat(real)
                if os.path.commonpath([inside, real]) != inside:
                    limits.leave(name, "a link that leaves the submission")
                elif not stat.S_ISREG(status.st_mode):
                    limits.leave(name, "not a plain file")
                elif limits.takes(name, status.st_size):
                    yield name, Path(real).read_bytes()
            except (OSError, ValueError) as error:
                limits.leave(name, f"cannot be read: {error}")


def fingerprint(packed, left_out):
    """A hash of what was handed in."""
    return hashlib.sha256(packed + repr(left_out).encode()).hexdigest()


# ------------------------------------------------------------------ unpacking

def unpack(packed, limits, into=""):
    """Return the files of an archive's bytes, {path: bytes}, a folder's being None; no path leaves it, and no bomb goes off."""
    files = {}
    try:
        entries = of_zip if zipfile.is_zipfile(io.BytesIO(packed)) else of_tar
        found = entries(packed)
        for name, why_not, size, opened in itertools.islice(found, MOST_ENTRIES):
            parts = parts_of(name)
            if why_not or parts is None:
                limits.leave(shown(name), why_not or "its path leaves the submission")
            elif len(parts) > MOST_PARTS:
                limits.leave(shown(name), TOO_DEEP)
            elif opened is None:
                files.setdefault(f"{into}{'/'.join(parts)}", None)
            elif wanted(parts) and limits.takes(shown(name), size):
                files[f"{into}{'/'.join(parts)}"] = content_of(opened, size)
        if next(found, None):
            limits.leave("the archive", f"has more than {MOST_ENTRIES:,} entries; the others are not unpacked")
    except Exception as error:  # what the libraries raise at an archive that is broken is not to be counted: errors of all kinds
        limits.leave("the archive", f"cannot be read: {type(error).__name__}: {error}")
    return files


def content_of(opened, size):
    """At most `size` bytes of an archive's entry, which is what it says that it has: of more nothing is unpacked than a piece."""
    content = bytearray()
    with opened() as file:
        while len(content) < size and (piece := file.read(min(PIECE, size - len(content)))):
            content += piece
    return bytes(content)


def of_zip(packed):
    """Yield (name, why it is left out, its bytes as it says, a function that opens it, or None of a folder) of each entry."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            kind = stat.S_IFMT(entry.external_attr >> 16)
            why_not = ("a link" if kind == stat.S_IFLNK else "encrypted" if entry.flag_bits & 1
                       else "not a plain file" if kind not in (0, stat.S_IFREG, stat.S_IFDIR) else "")
            yield entry.filename, why_not, entry.file_size, None if entry.is_dir() else functools.partial(archive.open, entry)


def of_tar(packed):
    """The same of a tar archive, compressed or not."""
    if packed[:2] == b"\x1f\x8b":
        packed = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(2 * MOST_BYTES)  # and no more, whatever it would become
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        for entry in archive:
            why_not = "" if entry.isreg() or entry.isdir() else "a link" if entry.issym() or entry.islnk() else "not a plain file"
            yield entry.name, why_not, max(entry.size, 0), None if entry.isdir() else functools.partial(archive.extractfile, entry)


def parts_of(name):
    """The parts of a path in an archive, or None when it would leave the place where it is unpacked."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or not parts or ":" in parts[0]:
        return None
    return parts


def wanted(parts):
    return not any(part in SKIPPED or part.startswith(".") or part == "__MACOSX" for part in parts)


def shown(name):
    return name.encode("utf-8", "backslashreplace").decode()[:100]


# ------------------------------------------------------------------ where the lessons lie

def lay_out(packed, asked, folder, limits):
    """Write the lessons of a packed submission into `folder`; return those that it holds.

    asked: the lessons that are asked for by name. If it is one, its files may lie flat.
    """
    files = unpack(packed, limits) if packed else {}
    lessons = lessons_in(files, asked)
    if not lessons:
        for name in sorted(name for name, content in files.items() if content and is_archive(name)):
            files |= unpack(files[name], limits, into=f"{stem(name)}/")
        lessons = lessons_in(files, asked)
    for path, content in lessons.items():
        target = Path(folder, path)
        try:
            (target if content is None else target.parent).mkdir(parents=True, exist_ok=True)
            if content is not None:
                target.write_bytes(content)
        except (OSError, ValueError) as error:
            limits.leave(shown(path), f"cannot be written: {error}")
    if not lessons:
        names = ", ".join(sorted(files)[:5]) or "nothing"
        limits.leave("no lesson's folder was found", f"there is {names}")
    return sorted({path.split("/")[0] for path in lessons})


def lessons_in(files, asked):
    """The files of the lessons' folders, {lesson/path: bytes}, wherever they lie; or of the one lesson whose files lie flat."""
    places = {}  # where lessons' folders lie -> the lessons there
    for path in files:
        parts = path.split("/")
        at = next((number for number, part in enumerate(parts[:DEPTH + 1]) if part in LESSONS), None)
        if at is not None and not NOT_THEIRS & set(parts[:at]):
            places.setdefault(tuple(parts[:at]), set()).add(parts[at])
    if places:
        best = min(places, key=lambda place: (place[-1:] != ("lessons",), -len(places[place]), len(place), place))
        start = "".join(f"{part}/" for part in best)
        return {path[len(start):]: content for path, content in files.items()
                if path.startswith(start) and path[len(start):].split("/")[0] in LESSONS}
    flat = sorted((path.count("/"), path.rpartition("/")[0]) for path in files
                  if path.rpartition("/")[2] in PROGRAMS and path.count("/") <= DEPTH and not NOT_THEIRS & set(path.split("/")))
    if len(asked) == 1 and flat:
        start = f"{flat[0][1]}/" if flat[0][1] else ""
        return {f"{asked[0]}/{path[len(start):]}": content for path, content in files.items() if path.startswith(start) and path != start}
    return {}

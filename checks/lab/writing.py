"""Files that the kit writes, and folders that it removes."""

import contextlib
import os
import shutil
import subprocess
import tempfile


def write(path, text):
    """Write a file, whole or not at all; half of a surrogate pair, which UTF-8 has no bytes for, as an escape. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".chat-lab-")
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def remove(folder):
    """Remove a folder and what is in it, as far as that can be.

    A program may have made one so deep that shutil, which goes down by calling itself, gives up.
    """
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder) and os.name == "posix":
        subprocess.run(["rm", "-rf", folder], stderr=subprocess.DEVNULL, check=False)

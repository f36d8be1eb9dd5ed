"""Files that the kit writes."""

import os
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

"""The transcript: what the scripted clients did and got, step by step."""

import functools
import itertools
import re
import time
from dataclasses import dataclass

LONGEST = 160  # characters of one step that are shown
SAME = re.compile(r"((.)\2{40})\1*\2*")  # 41 of the same or more; that many at once, for there may be a million


@dataclass
class Step:
    """Something that happened on the wire: `who` sent (->), got (<-) or did (--) `what`."""

    seconds: float  # since the story began
    who: str
    arrow: str
    what: str

    def __str__(self):
        return f"{self.who} {self.arrow} {self.what}"


class Story:
    """All steps of one check, in the order in which the checker saw them."""

    def __init__(self):
        self.began = time.monotonic()
        self.steps = []

    def add(self, who, arrow, what):
        self.steps.append(Step(time.monotonic() - self.began, who, arrow, what))
        return self.steps[-1]

    def came_after(self, step):
        """This step, noted already, came after all that was found out since: a stream's end after what was still in it."""
        self.steps = [one for one in self.steps if one is not step] + [step]

    def lines(self, most=30):
        """The story as text, one line a step, or for the same step many times; what is too long loses its middle."""
        lines = []
        for step, times in ((step, len(list(same))) for step, same in itertools.groupby(map(str, self.steps))):
            lines += [step] * times if times < 3 else [f"{step}   ({times} times)"]
        if len(lines) > most:
            left_out = len(lines) - most + 1
            lines[most // 3:most // 3 + left_out] = [f"... {left_out} steps ..."]
        return lines


@functools.lru_cache(64)  # a long message may come to many
def shown(data):
    """Bytes as a reader wants to see them: text when it is text, cut when it is long."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = repr(data)
    else:
        ending = "" if data.endswith(b"\n") else " (no newline yet)" if data[:1] in b"{[" and data else ""
        text = text.removesuffix("\n")
        text = text + ending if text.isprintable() and text else repr(data)
    return cut(text, f" ({len(data):,} bytes)")


def cut(text, size=""):
    """Text in which what comes many times is there once, and without its middle when it is still long, then with its size behind it."""
    text = SAME.sub(lambda run: f"{run[2] * 3}...({len(run[0]):,} times)", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST * 2 // 3]} ... {text[-LONGEST // 4:]}{size}"


def difference(should, was):
    """Two byte strings around the first byte in which they differ, with a caret below it, as lines."""
    at = next((i for i, (a, b) in enumerate(zip(should, was)) if a != b), min(len(should), len(was)))
    start = max(0, at - 16)
    lines = []
    for name, data in (("should be ", should), ("was       ", was)):
        lines.append(name + ("... " if start else "") + repr(data[start:at + 16])[1:] + (" ..." if at + 16 < len(data) else ""))
    caret = len("should be " + ("... " if start else "")) + len(repr(should[start:at])[2:-1]) + 1
    return lines + [" " * caret + f"^ byte {at:,}"]

"""From what happened to a picture: who sent what to whom, and where the threads stood.

An SVG that needs nothing else and is the same every time: a paper of its own, light
or dark as its reader's screen is, and words for those who do not see it.
"""

import base64
import html
import json
import re

FONT = "'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
SIZE = 19  # of letters, in the picture's units; a picture is some 1,000 wide
LETTER = 0.605  # how wide one of MONO is, of its size
STYLE = {  # name: (light, dark)
    "paper": ("#ffffff", "#16191d"), "ink": ("#1b1f24", "#e8eaed"), "pale": ("#8b949e", "#8b949e"), "tint": ("#eef1f4", "#272c33"),
    "blue": ("#0a53a8", "#7db8ff"), "red": ("#b3261e", "#ff8a80"), "amber": ("#9a5b00", "#ffc069"), "green": ("#1a6b33", "#7fd895"),
    "bluetint": ("#dcebfb", "#14304f"), "redtint": ("#fbe3e1", "#4a1b18"), "ambertint": ("#fbe9cc", "#463009"), "greentint": ("#dcf2e2", "#143a20")}
MOST_ROWS = 26  # of a story; beyond them its middle is left out
STEP = re.compile(r"(?P<who>.+?) (?P<arrow>->|<-|--) (?P<what>.*)", re.S)


class Canvas:
    """A sheet of paper: what is drawn on it, and how far it reaches."""

    def __init__(self, title, description=""):
        self.title, self.description = title, description
        self.drawn, self.width, self.height = [], 0, 0

    def add(self, element, right=0, bottom=0):
        self.drawn.append(element)
        self.width, self.height = max(self.width, right), max(self.height, bottom)

    def text(self, x, y, words, color="ink", anchor="start", size=SIZE, mono=False, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        family = f' font-family="{MONO}"' if mono else ""
        wide = width_of(words, size)
        self.add(f'<text class="{color}" x="{n(x)}" y="{n(y)}" font-size="{n(size)}" text-anchor="{anchor}"{weight}{family}>{plain(words)}</text>',
                 x + {"start": wide, "middle": wide / 2, "end": 0}[anchor], y + size / 3)

    def line(self, x1, y1, x2, y2, color="pale", width=2, dashed=False):
        dash = ' stroke-dasharray="7 6"' if dashed else ""
        self.add(f'<line class="{color} line" x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" stroke-width="{width}"{dash}/>', max(x1, x2), max(y1, y2))

    def arrow(self, x1, x2, y, color="ink", end="arrives"):
        """A level arrow; one that "fails" ends in a cross before it arrives, one that "waits" at a bar."""
        way = 1 if x2 > x1 else -1
        tip = x2 - way * (3 if end == "arrives" else 26)
        self.line(x1, y, tip - way * (8 if end == "arrives" else 0), y, color, 2.5)
        if end == "fails":
            for down in (-8, 8):
                self.line(tip - 8, y - down, tip + 8, y + down, color, 3)
        elif end == "waits":
            for further in (0, 7):
                self.line(tip + way * further, y - 10, tip + way * further, y + 10, color, 3)
        else:
            self.add(f'<path class="{color} fill" d="M{n(tip)} {n(y)} l{-way * 14} -7 v14 z"/>')

    def box(self, x, y, width, height, color="tint", edge=None, round=6):
        if edge:
            self.add(f'<rect class="{edge} line" x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" rx="{round}" stroke-width="2"/>')
        self.drawn.insert(len(self.drawn) - bool(edge), f'<rect class="{color} fill" x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" rx="{round}"/>')
        self.add("", x + width, y + height)

    def svg(self, margin=24):
        """The picture as the text of a file."""
        width, height = round(self.width + margin), round(self.height + margin)
        light, dark = ("".join(f".{name}.fill,text.{name}{{fill:{color[at]}}}.{name}.line{{stroke:{color[at]};fill:none}}" for name, color in STYLE.items())
                       for at in (0, 1))
        body = "\n".join(filter(None, self.drawn))
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
                f'font-family="{FONT}">\n<title>{plain(self.title)}</title>\n<desc>{plain(self.description)}</desc>\n'
                f"<style>{light}@media screen and (prefers-color-scheme:dark){{{dark}}}</style>\n"
                f'<rect class="paper fill" width="{width}" height="{height}" rx="10"/>\n{body}\n</svg>\n')


class Sequence(Canvas):
    """Time runs down: a lane for each who takes part, an arrow for each message, a bar where somebody waits or holds something.

    lanes: {who: label}; what is written to the lanes becomes the description, too.
    """

    ROW = 46

    def __init__(self, title, lanes, wide=250, subtitle="", heading=True):
        super().__init__(title)
        self.left = 24 + max(wide / 2, *(width_of(label, SIZE) / 2 + 16 for label in lanes.values()))
        self.at = {who: self.left + number * wide for number, who in enumerate(lanes)}
        self.lanes, self.wide, self.said, self.bars, self.open = lanes, wide, [], [], {}
        if heading:
            self.text(24, 44, title, size=24, bold=True)
        if subtitle:
            self.text(24, 74, subtitle, color="pale")
        self.top = 88 if subtitle else 66 if heading else 24
        self.y = self.top + 52
        self.floor = None  # where the lanes end, when something stands below them

    def next(self, rows=1):
        self.y += self.ROW * rows

    def arrow_between(self, start, to, words, color="ink", end="arrives", beside=False):
        """`start` sends `words` to `to`. beside: at the same moment as what came before."""
        if not beside:
            self.next()
        one, other = self.at[start], self.at[to]
        self.arrow(one, other, self.y, color, end)
        words = fitted(words, abs(other - one) - 30, 17)
        middle = (one + other) / 2
        wide = width_of(words, 17)
        self.drawn.insert(len(self.drawn) - 2, f'<rect class="paper fill" x="{n(middle - wide / 2 - 3)}" y="{n(self.y - 25)}" width="{n(wide + 6)}" height="21" rx="3"/>')
        self.text(middle, self.y - 9, words, color, "middle", 17, mono=True)
        self.said.append(f"{self.lanes[start]} to {self.lanes[to]}: {words}{'' if end == 'arrives' else f' ({end})'}")

    def did(self, who, words, color="tint", ink="ink", beside=False, mono=False):
        """`who` does this, written into a box on its lane."""
        if not beside:
            self.next()
        wide = width_of(words, 17) + 20
        x = max(12, self.at[who] - wide / 2)
        self.box(x, self.y - 20, wide, 30, color, ink if ink != "ink" else None)
        self.text(x + wide / 2, self.y + 1, words, ink, "middle", 17, mono)
        self.said.append(f"{self.lanes[who]}: {words}")

    def begins(self, who, color):
        """From here on a bar on the lane."""
        self.open[who, color] = self.y + 8

    def ends(self, who, color):
        self.bars.append((self.at[who], self.open.pop((who, color)), self.y + 8, color))

    def part(self, words, color="ink"):
        """A line across all lanes, with a heading for what follows."""
        for who, kind in list(self.open):
            self.ends(who, kind)
        first = self.y < self.top + 60
        self.y += 24 if first else 64
        if not first:
            self.line(24, self.y - 34, max(self.at.values()) + self.left - 24, self.y - 34, "pale", 1, True)
        wide = width_of(words, SIZE)
        self.drawn.append(f'<rect class="paper fill" x="20" y="{n(self.y - 22)}" width="{n(wide)}" height="30"/>')
        self.text(24, self.y, words, color, bold=True)
        self.y += 6
        self.said.append(words)

    def svg(self, margin=24):
        for who, color in list(self.open):
            self.ends(who, color)
        bottom, under = (self.floor or self.y) + 26, []
        drawn, self.drawn = self.drawn, under
        for who, label in self.lanes.items():
            x, wide = self.at[who], width_of(label, SIZE) * 0.94 + 28
            self.line(x, self.top + 40, x, bottom, "pale", 2)
            self.box(x - wide / 2, self.top, wide, 40, "bluetint" if re.search("thread|server|reader|writer", label) else "tint")
            self.text(x, self.top + 27, label, "ink", "middle", SIZE, bold=True)
        for x, start, end, color in self.bars:
            self.box(x - 8, start, 16, max(end - start, 10), f"{color}tint", color, 3)
        self.drawn = under + drawn
        self.add("", self.at[next(reversed(self.at))] + self.left - 24, bottom)
        self.description = self.description or "; ".join(self.said)
        return super().svg(margin)


def n(number):
    """A coordinate, the same on every machine."""
    return f"{number:.1f}".removesuffix(".0")


def plain(words):
    """Words as XML may hold them: no markup, no control characters, no halves of characters."""
    return html.escape("".join(one if one.isprintable() or one == " " else "\ufffd" for one in words), False)


def width_of(words, size):
    return len(words) * size * LETTER


def fitted(words, width, size=SIZE):
    """Words, cut when they are wider than that."""
    most = max(6, int(width / (size * LETTER)))
    return words if len(words) <= most else words[:most - 1] + "…"


# ------------------------------------------------------------------ a check's story

def short(what):
    """A message in a few words: what a reader wants to know of it."""
    try:
        message = json.loads(what)
        kind = message["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return what
    rest = message.get("user"), message.get("text")
    said = ": ".join(str(one) for one in rest if one is not None)
    return f"{kind} {said}" if kind in ("join", "chat", "system", "leave") else what


def figure(lesson, check):
    """The picture of what led to this verdict, as HTML, or nothing where there is no story.

    check: a check of a verdict file with what its report knows besides, see `report_page`.
    """
    lines = check.get("transcript") or ()
    if not any(STEP.fullmatch(line) for line in lines):
        return ""
    threads = [line for title, lines_ in check.get("detail") or () if title.startswith("Where your ") and title.endswith(" stands") for line in lines_]
    drawing = of_story(f"{lesson}, {check['rule']} {check['title']}", lines, threads, check["message"] if check["verdict"] == "failed" else "")
    words = html.unescape(re.search("<desc>(.*?)</desc>", drawing, re.S)[1])
    code = base64.b64encode(drawing.encode("utf-8", "backslashreplace")).decode()
    return f'<img style="max-width: 100%; height: auto" alt="{html.escape(words)}" src="data:image/svg+xml;base64,{code}">'


def of_story(title, lines, threads=(), words=""):
    """The picture of a transcript, [line], up to the step that went wrong, as the text of an SVG.

    threads: what is known of where the program's threads stood then, [line]; words:
    what was, at the end.
    """
    steps = [STEP.fullmatch(line) for line in lines]
    if len(steps) > MOST_ROWS:
        steps[MOST_ROWS // 3:MOST_ROWS // 3 + len(steps) - MOST_ROWS + 1] = [None]
    who = list(dict.fromkeys(step["who"] for step in steps if step))
    program = "client" if "user" in who else "server"  # whom the others talk to
    others = [one for one in who if one != program]
    half = (len(others) + 1) // 2
    picture = Sequence(title, {one: one for one in (*others[:half], program, *others[half:])}, 250 if len(others) < 5 else 190, heading=False)
    for step in steps:
        if step is None:
            picture.did(program, "…")
        elif step["arrow"] == "--" or step["who"] == program:
            picture.did(step["who"], fitted(step["what"], 420, 17))
        elif step["arrow"] == "->":
            picture.arrow_between(step["who"], program, short(step["what"]))
        else:
            picture.arrow_between(program, step["who"], short(step["what"]), "blue")
    if words:
        picture.did(program, fitted(words.splitlines()[0], 2 * min(picture.at[program], 480) - 60, 17), "redtint", "red")
    return with_threads(picture, threads).svg()


def with_threads(picture, threads):
    """Add below a picture where each thread stands: who holds a lock in amber, who waits for one in red."""
    if threads:
        picture.floor = picture.y
        picture.y += 40
        for words in threads:
            color = "amber" if "holds `" in words else "red" if "waits for `" in words else "pale"
            picture.y += 30
            picture.box(24, picture.y - 17, 12, 22, f"{color}tint" if color != "pale" else "tint", color, 2)
            picture.text(46, picture.y, fitted(words, 1100, 15), "ink", size=15, mono=True)
        picture.said += threads
    return picture

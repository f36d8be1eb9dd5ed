"""A student's client as the checks see it: its keyboard, its screen, and its end.

Nothing here knows the program from inside more than a user would. What is typed is
given line by line, as a terminal does; what is printed is read as a terminal shows it.
"""

import codecs
import contextlib
import re
import socket
import time

from .clients import WAIT
from .evidence import Evidence, place, unique
from .faults import Limited
from .listening import PORT, not_runnable
from .messages import line
from .pointing import last_lines, lines_for
from .program import Program
from .room import Room
from .story import Story, cut, shown
from .verdict import Failure

NAME = "client.py"
USUAL = "hi"  # what every client sends when it is typed
TRACEBACK = "Traceback (most recent call last)"
ASK_EVERY = 0.1  # seconds between two looks whether the program is idle
ON_ITS_WAY = 0.2  # seconds that what was printed or sent last may still take to come here
LATE = 1.0  # seconds; a message that is printed so late was not printed as soon as it arrived
REST = 0.5  # seconds that we wait at most for a program that cannot be seen waiting
SETTLING = 1.0  # seconds that we wait at most for what a right client may still be about to do
PART = re.compile(r"\x1b\[([0-9;?]*)[ -/]*([@-~])|(\x1b[^\[]|[\x00-\x08\x0b-\x1f\x7f])|(\n)|([^\x00-\x08\n\x0b-\x1f\x7f]+)")
UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?$")


class Screen:
    """What a terminal would show: `lines`, the ended ones, and `open`, the one that is not.

    Colours and the like are left out; a carriage return, a backspace and what erases
    in the line do what they do; what moves to other lines does nothing.
    """

    def __init__(self):
        self.lines, self.open = [], ""
        self._column = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""  # of an escape sequence

    def takes(self, data):
        text = self._rest + self._decode(data)
        self._rest = "".join(found[0] for found in UNFINISHED.finditer(text))
        for part in PART.finditer(text.removesuffix(self._rest)):
            number, letter, control, newline, characters = part.groups()
            if newline:
                self.lines.append(self.open)
                self.open, self._column = "", 0
            elif characters:
                start, end = self.open[:self._column], self.open[self._column + len(characters):]
                self.open = start.ljust(self._column) + characters + end
                self._column += len(characters)
            elif letter in ("K", "J"):
                self.open = {"": self.open[:self._column], "0": self.open[:self._column]}.get(number, "")
            elif control == "\r" or letter == "G":
                self._column = 0
            elif control == "\b":
                self._column = max(0, self._column - 1)


class Terminal(Limited):
    """The terminal of one user, in which client.py runs, and what happens there in one check.

    files: {relative path: bytes}; lesson: its folder's name; problem: why client.py cannot be run, or None.
    """

    def __init__(self, files, lesson, problem=None):
        self.files, self.lesson, self.problem = files, lesson, problem
        self.story = Story()
        self.deadlines = 0
        self.program = self.evidence = self.screen = None
        self._room = self._nobody = None

    @property
    def room(self):
        """The server that the client finds, if a check asks for one."""
        if self._room is None:
            self._room = Room(self)
        return self._room

    # -------------------------------------------------- starting and stopping

    def starts(self, nick):
        """Start client.py and type the nick. Raises NotStarted when there is nothing to start."""
        self._stop_program()
        self.room.expects_somebody_new()
        self._start(self.room.port)
        self.types(nick)
        self._typed_text = None  # a line that comes later is not read by the same lines

    def starts_without_a_server(self, nick):
        """The same, and nobody listens where the client connects to."""
        self._nobody = socket.socket()
        self._nobody.bind(("127.0.0.1", 0))  # keeps the port from others; connecting there is refused
        self._start(self._nobody.getsockname()[1])
        self.types(nick)

    def _start(self, port):
        if self.problem:
            raise not_runnable(self.problem, self.lesson, NAME)
        self._stop_program()
        self.story.add("user", "--", f"starts {NAME}")
        self.screen, self._seen, self._shown = Screen(), 0, []
        self._prompts, self._unknown, self._typed_text = set(), [], None
        self._typed_lines, self._input_ended, self._looked_at = 0, False, 0
        self.program = Program(self.files, NAME, {PORT: port}, self.screen)
        self.evidence = Evidence(self.program, self.files, NAME, lambda _: "the server")

    def _stop_program(self):
        if self.program:
            self.program, program = None, self.program
            program.stop()

    def stop(self):
        """End everything; raises LabError when something is left."""
        with contextlib.ExitStack() as stack:
            for one in filter(None, [self._room, self._nobody]):
                stack.callback(one.close)
            self._stop_program()

    def deadline_passed(self):
        self.deadlines += 1

    def failure(self, message, should="", **more):
        """Return a Failure with all the evidence there is; see Evidence.failure."""
        if self.program.ended:
            self.program.printed_all.wait(WAIT)
        return self.evidence.failure(message, should, self._room, **more)

    def waits(self, done):
        """Wait until done(), and return whether it is.

        It will not be when the program has ended, when it is idle, or after WAIT seconds;
        `late` says which it was.
        """
        patience = self.program.patience(WAIT)
        while not self.program.wait_for(done, ASK_EVERY):
            if self.program.ended:
                self.program.printed_all.wait(WAIT)
                self.late = f"; {self.evidence.how_it_ended()}"
                return bool(done())
            if self.is_idle() and not self.program.wait_for(done, ON_ITS_WAY):
                self.late = ", and will not: each of its threads waits for something to be typed or to come"
                return False
            if patience.is_over():
                self.late = f" within {WAIT:g} seconds"
                self.deadline_passed()
                return False
        return True

    def nothing_was_done(self, message, should):
        """Return the Failure of what was typed and had no effect: where the threads stand that should have read it comes first."""
        failure, state = self.failure(message, should), self.program.ask("state") or {"threads": ()}
        typists = [thread for thread in state["threads"] if thread["call"] != "recv"]
        failure.where = unique(self._lines_for_what_was_typed_last() + [spot for thread in typists for spot in self.evidence.spots(thread["places"], self.evidence.doing(thread), "called from here")]
                               + failure.where)
        return failure

    def _lines_for_what_was_typed_last(self):
        """Where the program handles the line that was typed last, and not another one: it is typed again, after the verdict, and looked at."""
        if self._typed_text is None or not self._room or not self.is_idle():
            return []

        def is_done():
            self._room.has_something()  # what it sends is to come here: before that it is not idle
            return self.is_idle()

        def types(text):
            self.program.types(text.encode() + b"\n")
            self.program.watch_until(is_done, WAIT)

        steps, where = list(self.story.steps), []
        with contextlib.suppress(Failure):  # the verdict stands, whatever comes now
            where = lines_for(self.evidence, 0, lambda: types(USUAL), lambda: types(self._typed_text), cut(repr(self._typed_text)), repr(USUAL))
        self.story.steps = steps
        return where

    def shown_wrong(self, message, should):
        """Return the Failure of what came, and was not printed as it should be: the lines come first that are run for it."""
        failure = self.failure(message, should)
        if not failure.is_explained:
            failure.where = unique(self._lines_for_what_came_last() + failure.where)
        return failure

    def _lines_for_what_came_last(self):
        """Where the program handles the message that came last: it comes again, after the verdict, and is looked at."""
        if not self._room or len(self._room.last) != 1 or not self.is_idle():
            return []

        def comes_again():
            self._room.says(*self._room.last)
            self.program.watch_until(self.is_idle, WAIT)

        steps = list(self.story.steps)
        where = last_lines(self.evidence, self._room.port, comes_again, shown(line(self._room.last[0])))
        self.story.steps = steps
        return where

    def comes_to_rest(self):
        """Wait a moment until it waits for what is typed or comes: from now on it does nothing by itself."""
        self.program.watch_until(self.is_idle, REST)

    def stands_still(self):
        """Does each of its threads that is not held wait, and has it taken what was typed, if it is waited for?"""
        state = self.program.ask("state")
        return not state or all(
            thread["held"] or thread["waits"] or thread["call"] and (thread["call"] not in ("input", "select") or state["typed"] == self.program.typed)
            for thread in state["threads"])

    def is_idle(self):
        """Is it certain that the program does nothing more until something is typed or comes?

        True only with proof: every thread, as the system counts them, waits for the
        keyboard or in recv() without a timeout, and has taken all that was typed or
        said; and what it has sent has come.
        """
        state = self.program.ask("state")
        if not state or state["moving"] or not state["threads"] or self.program.threads != len(state["threads"]):
            return False
        mine = [one for one in state["connections"] if self._room and one["peer"] == self._room.port][-1:]
        for thread in state["threads"]:
            read_all = {"input": not self._input_ended and state["typed"] == self.program.typed,
                        "recv": [one["received"] for one in mine] == [self._room and self._room.sent] and not self._room.end}
            if thread["timed"] or not read_all.get(thread["call"]):
                return False
        return all(one["sent"] == self._room.received for one in mine) and len(self.program.family()) == 1

    # -------------------------------------------------- the keyboard

    def types(self, text, ending="\n"):
        """Type a line, when the line before has been read: a program in a terminal gets one at a time, too. ending: of the line; "" leaves it open."""
        if not self.program.watch_until(lambda: self.program.ended or self.program.has_taken_what_was_typed(), WAIT):
            self.deadline_passed()
            raise self.nothing_was_done(f"{NAME} has not read the line typed before within {WAIT:g} seconds",
                                        "the main thread reads what is typed, whatever the server does")
        self.story.add("user", "->", cut(text) if text else "(an empty line)")
        self._typed_lines += 1
        self.typed_at, self.last_typed, self._typed_text = time.monotonic(), cut(repr(text)) if text else "an empty line", text
        self.program.types((text + ending).encode())

    def ends_the_input(self):
        """Do what Ctrl-D does (on Windows: Ctrl-Z and Enter)."""
        self.program.watch_until(lambda: self.program.ended or self.program.has_taken_what_was_typed(), WAIT)
        self.story.add("user", "--", "ends the input (Ctrl-D)")
        self.typed_at, self.last_typed = time.monotonic(), "the end of the input"
        self._input_ended = True
        self.program.types(b"")

    # -------------------------------------------------- the screen

    def notes_the_prompt(self):
        """Whatever stands in the open line now, while nothing is under way from the server, is a prompt."""
        if self._unknown:  # take some trouble, then
            self.program.watch_until(self.room.is_read, SETTLING)
        if len(self._shown) == self.room.said or self.room.is_read():
            self._prompts.add(self.screen.open.rstrip())
        self._looked_at = len(self.screen.lines)

    def shows(self, text):
        """Expect this text as the next message on the screen, on a line of its own.

        In the same line there may stand a prompt before it, and nothing else. A prompt is
        what the client printed before the message came. One may come later than we looked
        for it, but no more of them than lines were typed.
        """
        should = f"the screen shows {cut(repr(text))} on a line of its own, with nothing typed"
        before = self._finds(text, should)
        if before.strip() and before.rstrip() not in self._prompts:
            self._unknown.append(before)
            if len(self._unknown) > self._typed_lines:
                raise self.shown_wrong(f"{NAME} printed {cut(repr(before + text))} and not {cut(repr(text))}", should)
        sleeper = self._sleeper()
        if sleeper:
            failure = self.failure(f"{NAME} looks for messages only every {sleeper['nap']['seconds']:g} seconds, and sleeps in between, at {place(sleeper['places'])}",
                                   "a message is printed as soon as it arrives")
            failure.where = unique(self.evidence.spots(sleeper["places"], "sleeps here, whatever arrives", "called from here") + failure.where)
            raise failure

    def _sleeper(self):
        """The thread that reads from the server, if it sleeps for long now that it has shown something."""
        found = []

        def looked():
            state = self.program.ask("state") or {"threads": (), "connections": ()}
            readers = {one["reader"] for one in state["connections"]}
            found[:] = [thread for thread in state["threads"] if thread["id"] in readers and thread["nap"] and thread["nap"]["seconds"] >= LATE]
            return found or self.is_idle()

        self.program.watch_until(looked, ASK_EVERY)
        return found[0] if found else None

    def shows_all(self, texts):
        """Expect these texts as the ends of lines, in order and each once; prompts are not looked at."""
        for text in texts:
            self._finds(text, f"the screen shows {cut(repr(text))} on a line of its own, with nothing typed")

    def shows_words(self, *words):
        """Expect these words next on the screen, in whatever lines."""
        def missing():
            new = "\n".join([*self.screen.lines[self._seen:], self.screen.open])
            return [word for word in words if word not in new]

        if not self.waits(lambda: not missing()):
            raise self.shown_wrong(f"{NAME} has not printed {cut(repr(missing()[0]))}{self.late}",
                                   f"the screen shows {' and '.join(map(repr, words))}, in one line or in several")
        self.story.add("user", "<-", " and ".join(words))

    def _finds(self, text, should):
        """Wait for a line that ends with the text; return what stands before it in that line."""
        text, at = text.rstrip(), self._seen

        def done():
            nonlocal at
            while at < len(self.screen.lines):
                if self.screen.lines[at].rstrip().endswith(text):
                    return True
                at += 1
            return False

        if not self.waits(done):
            failure = self.shown_wrong(self._instead(text), should)
            if self._prints_at_its_end(text):
                failure.message = f"{NAME} printed {cut(repr(text))} only when it ended: until then it lay in a buffer that is not flushed"
            raise failure
        line, passed_over = self.screen.lines[at].rstrip(), self.screen.lines[self._seen:at]
        again = [one for one in passed_over if one.strip() and one.strip() in self._shown]
        self._seen = at + 1
        self._shown.append(text)
        self.story.add("user", "<-", cut(line))
        if again:
            raise self.shown_wrong(f"{NAME} printed {cut(repr(again[0]))} once more", "each message is printed once")
        return line.removesuffix(text)

    def _prints_at_its_end(self, text):
        """Does the program, which is idle and has not shown this text, show it when its input ends? After the verdict."""
        if self._input_ended or not self.is_idle():
            return False
        before = len(self.screen.lines)
        self.program.types(b"")
        return self.program.ends_within(SETTLING) and self.program.printed_all.wait(WAIT) and any(
            line.rstrip().endswith(text) for line in self.screen.lines[before:])

    def _instead(self, text):
        """Say what was printed in place of the text."""
        if self.program.errors and not self.program.ended:
            return f"a thread of {NAME} died with {self.program.errors[0]['error']}"
        start = max(self._seen, self._looked_at)
        new, tail = [line for line in self.screen.lines[start:] if line.strip()], self.screen.open.rstrip()
        if tail.endswith(text):
            return f"{NAME} printed {cut(repr(tail))} and did not end the line{self.late}"
        like = [line for line in [*new, tail] if text in line] or new
        if like:
            return f"{NAME} printed {cut(repr(like[-1]))} and not {cut(repr(text))}{self.late}"
        return f"{NAME} printed nothing new{self.late}"

    def says_something(self, because):
        """Expect a line with words in it, not the server's, that was not there when the server went away."""
        ended, tail = self._noted

        def done():
            new = self.screen.lines[ended:] + [self.screen.open] * self.program.printed_all.is_set()
            return any(any(map(str.isalpha, line.removeprefix(tail))) and not line.rstrip().endswith(self.room.last_text) for line in new)

        if not self.waits(done):
            raise self.failure(f"{because}, and {NAME} printed nothing{self.late}", f"{because}: {NAME} prints a clear line at once")
        self.story.add("user", "<-", cut(" / ".join(filter(None, map(str.strip, self.screen.lines[ended:ended + 3])))))

    def notes_the_screen(self):
        """Keep in mind what stands there now, for `says_something`."""
        self._noted = len(self.screen.lines), self.screen.open

    def says_more_than(self, before):
        """Expect words that are not in these lines; the program has ended."""
        self.program.printed_all.wait(WAIT)
        new = [line for line in [*self.screen.lines, self.screen.open] if any(map(str.isalpha, line))]
        if not [line for line in new if not any(old.startswith(line.rstrip()) for old in before)]:
            raise self.failure(f"{NAME} ended without a word about it", f"{NAME} prints a clear line that there is no server")

    def has_no_traceback(self):
        """Expect that no traceback was printed."""
        if any(TRACEBACK in line for line in [*self.screen.lines, self.screen.open]):
            errors = self.program.uncaught
            said = f": {errors[0]['error']}" if errors else ""
            raise self.failure(f"{NAME} printed a traceback{said}", "a clear line, and no traceback", closed=True)

    # -------------------------------------------------- the program

    def connects_to(self, host, port):
        """Expect that the program asks for this address, whatever it finds there."""
        should = f"python {NAME} asks for the nick and connects to {host}:{port}"

        def asked():  # "localhost" may be tried as ::1 first
            return [one for one in self.program.connects if one["asked"] != ("::1", port)]

        if not self.waits(lambda: asked() or self.program.lost):
            raise self.room.nobody_came(should)
        if self.program.lost and not self.program.ended or any((self._number(name), number) == (host, port)
                                                               for name, number in (one["asked"] for one in asked())):
            return
        if not asked():
            raise self.room.nobody_came(should)
        (name, number), where = asked()[-1]["asked"], self.evidence.spots(asked()[-1]["where"], "connects here")
        raise Failure(f"{NAME} connects to {name}:{number}; the course's server is at {host}:{port}", should, where)

    def _number(self, host):
        try:
            return socket.gethostbyname(host)
        except (OSError, UnicodeError):
            return host

    def ends(self, within=WAIT, code=None):
        """Expect the program's end within so many seconds after what was typed last, with this exit code."""
        ending = f"{NAME} ends within {within:g} seconds after {self.last_typed}"
        should = ending if code is None else f"{ending}, with exit code {code}"
        if not self.program.ends_within(max(0.0, self.typed_at + within - time.monotonic())):
            if within >= WAIT:
                self.deadline_passed()
            got = self._room.unheard() if self._room else ""
            failure = self.failure(f"{NAME} still runs {within:g} seconds after {self.last_typed}{got}", should)
            failure.where = unique(self.evidence.what_keeps_it_running() + failure.where)
            raise failure
        self.story.add("client", "--", f"ends with exit code {self.program.exit_code}")
        if code is not None and self.program.exit_code != code:
            raise self.failure(f"{self.evidence.how_it_ended()}, not with exit code {code}", should, closed=True)

    def ends_with_an_error(self):
        """Expect the program's end with another exit code than 0."""
        self.ends()
        if self.program.exit_code == 0:
            failure = self.failure(f"{NAME} ended with exit code 0", f"{NAME} ends with an exit code other than 0, for it has failed")
            failure.where += [spot for one in self.program.connects[-1:] for spot in self.evidence.spots(one["where"], "could not connect here")]
            raise failure

    def is_stopped(self):
        """Stop the program where it is, and return all lines that it has printed, the open one as well."""
        self.story.add("user", "--", "closes the terminal")
        self.program.end()
        self.program.printed_all.wait(WAIT)
        return [*self.screen.lines, self.screen.open]

    def settles(self):
        """Wait a moment until the thread that read last from the server has ended, if it is to end."""
        def settled():
            state = self.program.ask("state")
            if not state:
                return True
            readers = {one["reader"] for one in state["connections"]}
            return not any(thread["id"] in readers for thread in state["threads"])

        self.program.watch_until(settled, SETTLING)

"""Which of the student's lines a failure points to beyond what the evidence shows by itself: what is run for one message only, what loses one, who waits for whom."""

import contextlib

from .evidence import hint_about, lock_name, place, unique
from .faults import command
from .messages import line, parsed
from .seen import connection_of
from .story import shown
from .verdict import Failure, LabError, Unknown

USUAL = {"type": "chat", "text": "hi"}  # what every server handles
LAST_LINES = 3  # of those that are run for a message these are shown; of those that are run for no other one the first as well


def new_lines(program, peer):
    """The lines, as places, to which the followed thread that reads from this peer (0: what is typed) has come since `remember`."""
    places, usual = program.ask("lines", peer) or ([], 0)
    return places[usual:]


def lines_run(program, peer, usually, now):
    """The lines, as places, that the thread that reads from this peer runs while now() is called, and not while usually() is.

    Each gives it something to read, and waits until it is through with that.
    """
    program.ask("follow", peer)
    usually()
    program.ask("remember", peer)
    now()
    return new_lines(program, peer)


def lines_for(evidence, peer, usually, now, what, usual, or_last=True):
    """These lines as a Failure's `where`; if there are none, the last ones that are run for now(), before the thread reads on. what, usual: in words."""
    program = evidence.program
    found = lines_run(program, peer, usually, now)
    if found or not or_last:
        when = f"is run for {what}, tried once more, and not for {usual}" if what != usual else f"is run when {what} comes again, and not the first time"
        return evidence.spots(found[:1] + found[1:][-LAST_LINES:], when)
    return last_lines(evidence, peer, now, what)


def last_lines(evidence, peer, now, what):
    """The last lines of the program's own file that are run for now(), before the thread reads on, as a Failure's `where`."""
    program = evidence.program
    on_the_way = {tuple(spot[:2]) for thread in (program.state() or {"threads": ()})["threads"] for spot in thread["places"]}
    found = lines_run(program, peer, lambda: None, now)
    return evidence.spots([spot for spot in found if spot[0] == evidence.name and tuple(spot[:2]) not in on_the_way][-LAST_LINES:], f"is run for {what}, tried once more")


class Pointing:
    """A server, see `server`, whose failures point to lines."""

    @contextlib.contextmanager
    def pointing_to(self, places, what):
        """Let a failure in here point to these places first."""
        try:
            yield
        except Failure as failure:
            mine = self.evidence.own_file_first(self.evidence.spots(places, what))
            failure.where = unique(failure.where + mine if failure.is_explained else mine + failure.where)
            raise

    @contextlib.contextmanager
    def pointing_to_the_end_of(self, who):
        """Let a failure in here, somebody not being told of this member, point to where the member's connection was ended, if it was."""
        try:
            yield
        except Failure as failure:
            connection = connection_of(who, self.state()) if who in self.clients else None
            if connection and not failure.is_explained:
                failure.where = unique((self.evidence.caught_spots(connection["closed_after"], who) if connection["closed_after"] else [])
                                       + self.evidence.spots(connection["closed_at"], f"ends {who}'s connection", "called from here") + failure.where)
            raise

    def nothing_more_comes(self, silence, should, client, offset):
        """Return the failure of a client to whom nothing came, and nothing will."""
        because = "" if self.program.stuck else f", and that will not change: {self.idle_because(client)}"
        failure = self.failure(f"{silence}{because}", should, client, offset=offset)
        if not failure.is_explained:
            failure.where = unique(self.lines_for_what_was_sent_last(client) + failure.where)
        return self.told_of_who_was_thrown_out(failure, f"{silence}, and that will not change")

    def told_of_who_was_thrown_out(self, failure, silence):
        """The same failure of a client to whom nothing came; it says so if somebody was thrown out, who may be the one who was to be heard."""
        for other in self.clients if not failure.is_explained else ():
            ended = None if other.finished or other.may_end or not other.reads else (connection_of(other, self.state()) or {"closed_after": None})["closed_after"]
            if ended and ended["where"]:
                failure.message = f"{silence}: the server closed {other}'s connection after {ended['error']}"
                failure.where = unique(self.evidence.caught_spots(ended, other) + failure.where)
                failure.hint, failure.is_explained = hint_about(ended["error"]) or failure.hint, True
                break
        return failure

    def lines_for_what_was_sent_last(self, waiting):
        """Where the program handles the message that was sent to it last, and not another one, if one waits for what comes of it.

        After the verdict somebody else sends both, and it is looked at.
        """
        if self.number < 4 or not self.last_sent or self.is_decided:
            return []
        self.is_decided = True  # what goes wrong from here on is not looked into
        (client, data), message = self.last_sent, parsed(self.last_sent[1])[0]
        if message is None or client.finished or client.end or not self.is_quiet():
            return []
        asks = message.get("type") == "join"
        is_in = bool(client.nick) and message != {"type": "join", "user": client.nick}
        if client.joins_sent != is_in + asks:
            return []  # it has been refused, and we do not know what it is to the server
        steps, where = list(self.story.steps), []
        with contextlib.suppress(Failure, Unknown, LabError):  # the verdict stands, whatever comes now
            other = self.kind(self, f"{client.name}-again"[-32:])

            def sends(message):
                other.sends(message)
                self.is_through_with(other)

            if is_in:
                sends({"type": "join", "user": other.name})
            elif asks and isinstance(message.get("user"), str) and message["user"].strip():
                first = message["user"].strip()[0]  # its own nick may be taken by now: another one of the same length
                message = message | {"user": message["user"].replace(first, chr(ord(first) + 1), 1)}
            where = lines_for(self.evidence, other.port, lambda: sends(USUAL), lambda: sends(message), shown(data), shown(line(USUAL)), or_last=waiting is client)
        self.story.steps = steps
        return self.evidence.own_file_first(where)

    @contextlib.contextmanager
    def pointing_to_what_is_lost(self, client, usually):
        """Let a failure in here, by which something is lost that this client has said, point to the lines by which that may have gone.

        The usual ones are those by which goes what it says while usually() is called.
        """
        command(self.program, "follow", client.port)
        usually()
        self.is_through_with(client)
        command(self.program, "remember", client.port)
        try:
            yield
        except Failure as failure:
            mine = self.evidence.own_file_first(
                self.evidence.spots(self.ask("lossy") or (), "puts something into a deque that is full (maxlen): what is at its other end is lost")
                + self.evidence.spots(new_lines(self.program, client.port), f"is run when {client} speaks only since there is much to be sent"))
            failure.where = unique(failure.where + mine if failure.is_explained else mine + failure.where)
            raise

    @contextlib.contextmanager
    def while_it_reads_nothing(self, slow):
        """Let a failure in here say which thread waits for this client, who reads nothing."""
        try:
            yield
        except Failure as failure:
            waiting = self.who_waits_for(slow)
            failure.message += f"; all this while {slow} reads nothing"
            if waiting and self.evidence.doing(waiting[0]) not in failure.message:
                failure.message += f", and {self.evidence.owner(waiting[0] | {'peer': waiting[0]['reads']})} {self.evidence.doing(waiting[0])}, at {place(waiting[0]['places'])}"
            found = [(thread, f"{self.evidence.doing(thread)}, and holds {lock_name(self.evidence, thread['holds'][-1])}")
                     for thread in self.threads_sending_to(slow) if thread.get("holds")]
            found += [(thread, self.evidence.doing(thread)) for thread in waiting]
            failure.where = unique([spot for thread, words in found for spot in self.evidence.spots(thread["places"], words, "called from here")]
                                   + failure.where)
            raise

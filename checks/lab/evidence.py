"""From a program and its state to a Failure: what was, and at which of the student's lines.

The same for a server and for a client: what the threads do, which errors nobody
caught, what was printed last, how the program ended. Nothing here acts on the
program; it only asks.
"""

import re

from .clients import WAIT
from .verdict import Failure

CALLS = {"input": "waits for something to be typed", "recv": "waits in recv() for {who} to send", "accept": "waits in accept() for the next client",
         "send": "stands in a send to {who}"}


class Evidence:
    """What can be told of one run of a student's program.

    program: the Program; files: the student's, {relative path: bytes}; name: the file
    that is run; name_of(port): what the story calls the peer with this port. A peer,
    below, is somebody of the story: it has a `port`, an `end`, and its name as text.
    """

    def __init__(self, program, files, name, name_of):
        self.program, self.files, self.name, self.name_of = program, files, name, name_of
        self.kind = name.removesuffix(".py")  # "server" or "client", as the student thinks of it

    def failure(self, message, should="", peer=None, offset=None, closed=False, detail=(), hint="", kind=Failure):
        """Return a Failure with all the evidence there is.

        peer: whom it happened to; offset: of the wrong byte in what the peer received;
        closed: its connection had ended.
        """
        where, detail = [], list(detail)
        program = self.program
        state = program.last_state or (None if program.ended else program.ask("state"))
        if peer is not None and offset is not None:
            where += self._own_file_first(self.spots(program.ask("blame", peer.port, offset), f"sends this to {peer}"))
        mine = [one for one in (state or {}).get("connections", ()) if peer is not None and one["peer"] == peer.port]
        errors = ([program.crash] if program.crash else []) + program.errors
        for error in errors:
            spots = self.spots(error["where"], error["error"])
            if peer is None or error["peer"] in (peer.port, None) or closed:
                where += spots
        if program.exits and program.ended:
            where += self.spots(program.exits["where"], f"ends the program: {program.exits['how']}")
        threads = (state or {}).get("threads", [])
        if closed and mine:
            where += self.spots(mine[-1]["closed_at"], f"ends {peer}'s connection")
        if not closed or program.stopped_for:
            readers = {one["reader"] for one in mine}
            serving = [thread for thread in threads if thread["peer"] == getattr(peer, "port", 0) or thread["id"] in readers]
            if mine and not serving:
                serving = [thread for thread in threads if not thread["call"]]
            for thread in serving or ([] if mine or where else threads):
                where += self.spots(thread["places"], self.doing(thread))
        if mine and mine[-1]["reader"]:
            where += self.spots(mine[-1]["read_at"], f"reads from {peer} last")
        elif mine:
            where += self.spots(mine[-1]["accepted_at"], f"{'accepts' if self.kind == 'server' else 'connects to'} {peer}; nothing reads what it sends")
        if state:
            detail.append((f"Where your {self.kind} stands", self.standing(state)))
        for error in errors:
            frames = [f"{file}:{number} in {function}" if function else f"{file}:{number}" for file, number, function in error["where"]]
            whose = f", in the thread of {self.name_of(error['peer'])}" if error["peer"] and self.kind == "server" else ""
            detail.append((f"An error that nobody caught{whose}", [error["error"], *(f"  at {frame}" for frame in frames)]))
        printed = program.output.strip().splitlines()
        if printed:
            detail.append(("The last lines that it printed", printed[-8:]))
        return kind(message, should, unique(where), detail, hint)

    # -------------------------------------------------- places in the student's files

    def spots(self, places, what):
        """Places (file, line, function) as a Failure's `where`; the line that only calls main() tells nothing."""
        return [{"file": file, "line": number, "what": what} for file, number, function in places or ()
                if function != "<module>" or not re.fullmatch(r"\w+\(\)", self._source(file, number))]

    def _source(self, file, number):
        lines = self.files.get(file, b"").decode("utf-8", "replace").splitlines()
        return lines[number - 1].strip() if number <= len(lines) else ""

    def _own_file_first(self, where):
        """Whom a message goes to is decided in the program's own file, wherever the send itself stands."""
        return sorted(where, key=lambda spot: spot["file"] != self.name)

    # -------------------------------------------------- threads

    def doing(self, thread):
        """What this thread of a state is doing."""
        if thread["call"]:
            return CALLS[thread["call"]].format(who=self.name_of(thread["peer"]))
        return "stands here"

    def standing(self, state):
        """Where each thread of this state stands, one line a thread."""
        readers = {one["reader"]: one["peer"] for one in state["connections"] if not one["closed_at"]}
        lines = []
        for thread in sorted(state["threads"], key=lambda thread: not thread["main"]):
            if not thread["places"]:
                continue
            peer = thread["peer"] or readers.get(thread["id"])
            whose = "main thread" if thread["main"] else f"thread of {self.name_of(peer)}" if peer and self.kind == "server" else thread["name"]
            spots = [f"{file}:{number} in {function}" for file, number, function in thread["places"][:3] if function != "<module>"
                     ] or [f"{file}:{number}" for file, number, _ in thread["places"][:1]]
            lines.append(f"{whose}: {self.doing(thread)}, at {', called from '.join(spots)}")
        if len(lines) > 6:
            lines[5:] = [f"... and {len(lines) - 5} more threads"]
        return lines

    def what_keeps_it_running(self):
        """Where the threads stand, or were started, that Python waits for at the program's end."""
        threads = (self.program.ask("state") or {"threads": ()})["threads"]
        main = [thread for thread in threads if thread["main"] and thread["places"]]
        return unique([spot for thread in main for spot in self.spots(thread["places"], f"the main thread still {self.doing(thread)}")]
                      + [spot for thread in threads if not thread["daemon"] and not thread["main"]
                         for spot in self.spots(thread["started_at"][:1], "starts a thread that is not a daemon thread, and still runs")])

    def leftovers(self, here):
        """Where the threads stand that serve nobody, and who had the connections last that are open for nobody; here: ports of peers."""
        state = self.program.ask("state") or {"threads": (), "connections": ()}
        readers = {one["reader"]: one["peer"] for one in state["connections"]}
        gone = [thread for thread in state["threads"] if not thread["main"] and readers.get(thread["id"]) not in here]
        still_open = [one for one in state["connections"] if one["open"] and one["peer"] not in here]
        return unique([spot for thread in gone for spot in self.spots(thread["places"], f"a thread still {self.doing(thread)}")]
                      + [spot for one in still_open for spot in self.spots(one["closed_at"] or one["read_at"] or one["accepted_at"],
                                                                            "has had this client's connection last; it is still open")])

    # -------------------------------------------------- how things ended

    def why_ended(self, peer):
        """Say what became of a peer's connection."""
        if self.program.stopped_for:
            return self.how_it_ended()
        if self.program.ends_within(0.2):  # an end of the process shows on its connections first
            return f"{peer}'s connection ended: {self.how_it_ended()}"
        if peer.end == "a reset":
            return f"the {self.kind} reset {peer}'s connection"
        return f"the {self.kind} closed {peer}'s connection"

    def how_it_ended(self):
        """Say how the program came to its end."""
        program = self.program
        if program.stopped_for:
            return f"{self.name} was stopped: it used more than 512 MB of memory"
        program.wait_for(lambda: program.lost, WAIT)  # its last words may still be on their way
        if program.crash:
            return f"{self.name} stopped with {program.crash['error']}"
        return f"{self.name} ended ({program.exits['how'] if program.exits else f'exit code {program.exit_code}'})"


def unique(where):
    """These places, each line once."""
    seen, kept = set(), []
    for spot in where:
        if (spot["file"], spot["line"]) not in seen:
            seen.add((spot["file"], spot["line"]))
            kept.append(spot)
    return kept

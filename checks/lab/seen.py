"""What is seen of a server from inside while it runs: does it rest, who waits for whom, what has gone over a connection."""

from .processes import children

NOTHING = {"threads": (), "connections": (), "accepted": 0, "moving": True}  # when nothing is seen
WAITS = ("lock", "get", "put", "wait", "notify", "join", "tasks", "end", "signal")  # the calls that another thread of the program ends, or Ctrl-C


class Seen:
    """A server that can be asked, with its program, its clients, and how many of them have connected.

    Where there is no answer nothing is seen; a verdict that depends on one asks `inside`.
    """

    def ask(self, *command):
        return self.program.ask(*command)

    def state(self):
        """How it stands inside."""
        return self.program.state() or NOTHING

    def inside(self):
        """The same, for a verdict that depends on it. Raises Unknown when there is no answer."""
        return self.evidence.asked("state")

    # -------------------------------------------------- does it rest?

    def is_idle(self, client):
        """Is it certain that nothing will come to this client until some client acts? True only with proof: see is_quiet."""
        state = self.state()
        mine = connection_of(client, state)
        return not (mine and mine["sent"] != client.received) and self.is_quiet(state)

    def is_quiet(self, state=None):
        """Is it certain that the program does nothing more until some client acts?

        True only with proof: every thread of the program, as the system counts them,
        is blocked without a time-out in a call that is watched; each has taken all that
        its client sent; and nobody waits to be accepted by a thread that accepts.
        """
        if self.ending and not self.ending.is_calm():
            return False  # a signal may be on its way, or what its handler has done
        state = state or self.state()
        if state["moving"] or not state["threads"] or not self._rest(state) or any(thread["timed"] for thread in state["threads"]):
            return False
        return self.program.threads == len(state["threads"]) and not children(self.program.tree)

    def rests(self, but=()):
        """Do all its threads, but those that are held, wait for a client, or for each other? If so, return the state they are in."""
        state = self.state()
        return state if not state["moving"] and self._rest(state, {held["thread"] for held in but}) else None

    def stands_still(self, state=None):
        """The same, but for those that are held just now, whatever they are held for."""
        state = state or self.state()
        return not state["moving"] and self._rest(state, {thread["id"] for thread in state["threads"] if thread["held"]})

    def _rest(self, state, but=()):
        """Do all threads of this state wait in calls that only a client's acting can end, or another of them, and has what they sent come?"""
        clients = {one.port: one for one in self.clients}
        connections = {one["peer"]: one for one in state["connections"]}
        for thread in state["threads"]:
            if thread["id"] in but:
                continue
            if thread["call"] in ("accept", "select", "nap"):
                watched = [] if thread["call"] == "accept" else [one for one in connections.values() if one["open"] and (
                    thread["watches"] is None or one["peer"] in thread["watches"][0])]
                if state["accepted"] != self.connected or not all(is_consumed(one, clients) for one in watched):
                    return False
            elif thread["call"] == "recv":
                if not is_consumed(connections.get(thread["peer"]), clients) or clients[thread["peer"]].finished:
                    return False  # a recv at the end of the stream returns at once
            elif thread["call"] == "send":
                if thread["peer"] not in clients or clients[thread["peer"]].reads:
                    return False
            elif thread["call"] not in (*WAITS, "sleep"):
                return False
        return all(client.has_come_up_to(connections[port]["sent"]) for port, client in clients.items() if port in connections)

    def idle_because(self, client):
        """Say in words why nothing will come, as far as this client's connection shows it."""
        state = self.state()
        mine = connection_of(client, state)
        if not mine:
            main = next((thread for thread in state["threads"] if thread["main"] and thread["places"]), None)
            looks = any(thread["call"] in ("accept", "select", "nap") for thread in state["threads"])
            return f"the server has not accepted {client}" + (f", for its main thread {self.evidence.doing(main)}" if main and not looks else ", and waits for another client")
        if mine["reader"] is None:
            return f"no thread of the server reads what {client} sends"
        thread = next((thread for thread in state["threads"] if thread["id"] == mine["reader"]), {})
        if thread.get("call") not in (None, "", "recv", "select", "nap"):
            return f"the thread of {client} {self.evidence.doing(thread)}"
        if not is_consumed(mine, {client.port: client}):
            return f"the server reads nothing more from {client}"
        if client.finished:
            return f"the server has seen the end of {client}'s stream and goes on waiting"
        return f"the server has read all that {client} sent, and waits for more"

    # -------------------------------------------------- who waits for whom

    def threads_sending_to(self, client):
        """Those that stand in a send to this client."""
        return [thread for thread in self.state()["threads"] if thread["call"] == "send" and thread["peer"] == client.port]

    def is_sending_to(self, client):
        """Does one of its threads stand in a send to this client?"""
        return bool(self.threads_sending_to(client))

    def has_given_up_on(self, client):
        """Has the last send to this client found no room for all of its bytes, and did not wait, or no longer?"""
        mine = connection_of(client, self.state())
        return bool(mine and mine["full_at"])

    def is_held_up_by(self, client):
        """Has the server found that there is no room for what is to be sent to this client, whether a thread waits for that or not?"""
        return self.is_sending_to(client) or self.has_given_up_on(client) or any(
            thread["watches"] and client.port in thread["watches"][1] for thread in self.state()["threads"])

    def gives_up_on(self, client, seconds):
        """Does a thread stand in a send to this client that ends after so many seconds at most?"""
        return any(0 < (thread["limit"] or 0) <= seconds for thread in self.threads_sending_to(client))

    def who_waits_for(self, slow):
        """The threads that wait for this client though they are not its own, the likeliest first."""
        state = self.program.last_state or self.state()
        readers = {one["reader"]: one["peer"] for one in state["connections"]}
        found = []
        for thread in state["threads"]:
            peer = readers.get(thread["id"])
            sends = thread["call"] == "send" and thread["peer"] == slow.port and (peer or any(
                thread["id"] in one["senders"] for one in state["connections"] if one["peer"] != slow.port))
            if peer != slow.port and thread["places"] and (sends or peer and thread["call"] in WAITS):
                found.append((not peer, not sends, thread | {"reads": peer}))
        return [thread for *_, thread in sorted(found, key=lambda each: each[:2])]

    def is_main_thread(self, held):
        """Is the held thread the main thread?"""
        return any(thread["main"] for thread in self.state()["threads"] if thread["id"] == held["thread"])

    def holds_a_lock(self, held):
        """Does the held thread hold a lock?"""
        return any(thread.get("holds") for thread in self.state()["threads"] if thread["id"] == held["thread"])

    def missed_a_lock(self, client):
        """Where this client's thread has asked for a lock last, if it did not get it, and was it ever told that its time had passed: (places, bool)."""
        thread = reader_of(client, self.state()) or {}
        return thread.get("missed", ()), thread.get("gave_up", False)

    def sections(self, held):
        """How often the held thread has taken a lock until now; 0 while it holds one, and where locks are not watched."""
        return next((thread.get("sections", 0) for thread in self.state()["threads"] if thread["id"] == held["thread"] and not thread.get("holds")), 0)

    def busy_threads(self, enough=0):
        """How many threads the program has, less the pool's that wait for work."""
        count = self.program.threads
        if count > enough:
            count -= sum(thread["idle_worker"] for thread in self.state()["threads"])
        return count

    # -------------------------------------------------- connections

    def has_accepted(self, number):
        """Has it accepted so many connections?"""
        return self.state()["accepted"] >= number

    def has_taken_all(self, client):
        """Has the server received all that this client sent?"""
        mine = connection_of(client, self.state())
        return bool(mine) and mine["received"] == client.sent

    def has_sent(self, client):
        """How many bytes the server has sent to this client, as its own side sees it."""
        mine = connection_of(client, self.state())
        return mine["sent"] if mine else 0

    def has_closed(self, client):
        """Has it ended the connection of this client?"""
        mine = connection_of(client, self.inside())
        return not mine or bool(mine["closed_at"]) or not mine["open"]

    def has_let_go_of(self, client):
        """Has it closed the connection of this client, after which no thread serves it?"""
        mine = connection_of(client, self.state())
        return not mine or not mine["open"]

    def is_reader_of(self, client, held):
        """Is the held thread the one that reads from this client?"""
        mine = connection_of(client, self.state())
        return bool(mine) and mine["reader"] == held["thread"]

    def reads_on(self):
        """Does one of its threads read again and again after the end of a stream?"""
        return any(one["open"] and reads_on(one) for one in self.state()["connections"])

    def failed_send_to(self, client):
        """Where the first send to this client stands that failed: places, or ()."""
        mine = connection_of(client, self.state())
        return mine["failed_at"] if mine else ()


def connection_of(client, state):
    """This client's connection, as the program's own side sees it in this state, or None."""
    return next((one for one in reversed(state["connections"]) if one["peer"] == client.port), None)


def reader_of(client, state):
    """The thread of this state that reads from this client, or None."""
    connection = connection_of(client, state)
    return next((thread for thread in state["threads"] if connection and thread["id"] == connection["reader"]), None)


def is_consumed(connection, clients):
    """Has the program taken all that this connection's client sent, and would it not be told the end of the stream?"""
    client = connection and clients.get(connection["peer"])
    return bool(client) and connection["received"] == client.sent and (not client.finished or connection["ends"] > 0)


def reads_on(connection):
    """Does the program read again and again after the end of this stream? Once more is no sign of it."""
    return connection["ends"] > 2

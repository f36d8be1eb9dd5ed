"""The pictures of lessons 07 to 11, which are about what the threads of the server do to each other."""

from .runs import last, picture, point_before, room, running, seen, thread_of, waits_in  # and where the harness is

from lab.picture import Sequence

LOOK = "                        with lock:  # look and take in one step: no other thread gets in between"


@picture
def _07_lock():
    drawn = Sequence("Two threads, one nick, the same moment", {
        "1": "first thread", "2": "second thread", "3": " first thread ", "4": " second thread "}, 262, subtitle=" ")
    top, bottom = drawn.y, 0
    for one, two, words, color, changes in (("1", "2", "without a lock", "red", {LOOK: "                        if True:"}), ("3", "4", "with a lock", "green", {})):
        drawn.y = top
        drawn.text((drawn.at[one] + drawn.at[two]) / 2, 76, words, color, "middle", bold=True)
        drawn.said.append(words)
        with running("07_lock", changes) as server:
            server.witness
            first, second = server.client("first"), server.client("second")
            with server.holds("recv", first, point_before(server, "clients[conn] = wanted")) as hold:
                first.asks_for("bob")
                held, = hold.caught()
                if not changes:
                    seen(server.holds_a_lock(held), "it is late with the lock in its hands")
                    drawn.did(one, "takes the lock", "ambertint", "amber")
                    drawn.begins(one, "amber")
                drawn.did(one, "is there a bob? no")
                second.asks_for("bob")
                if changes:
                    second.is_told("an answer")
                    drawn.did(two, "is there a bob? no")
                    drawn.did(two, "takes bob", "redtint", "red")
                    waits_in(server, "recv", second)  # or the first would disturb its walk through the members
                else:
                    seen(server.waits_until(lambda: (thread_of(server, second) or {}).get("waits_for"), 5), "the other waits for the lock")
                    drawn.did(two, "waits for the lock", "redtint", "red")
            first.is_told("an answer")
            drawn.did(one, "takes bob", *(("redtint", "red") if changes else ("greentint", "green")))
            if changes:
                seen(first.is_in() and second.is_in(), "two bobs")
                drawn.did(two, "two bobs in the room", "redtint", "red")
            else:
                drawn.did(one, "lets go of the lock", "ambertint", "amber")
                drawn.ends(one, "amber")
                second.next_message("a refusal", lambda message: "taken" in message["text"])
                drawn.did(two, "is there a bob? yes")
                drawn.did(two, "bob is taken", "greentint", "green")
        bottom = max(bottom, drawn.y)
    drawn.y = bottom
    return drawn.svg()


@picture
def _08_snapshot():
    drawn = Sequence("Alice stops reading. Who else has to wait?", {
        "bob": "bob", "of bob": "thread of bob", "alice": "alice", "of carol": "thread of carol", "carol": "carol"}, 230)
    for lesson, words, color in (("07_lock", "lesson 07: sends with the lock held", "red"), ("08_snapshot", "lesson 08: sends from a snapshot", "green")):
        with running(lesson) as server:
            alice, bob = room(server, "alice", "bob")
            carol = server.client("carol")
            drawn.part(words, color)
            with server.holds("send", alice) as hold:
                bob.says("hi alice")
                drawn.arrow_between("bob", "of bob", last(bob))
                held, = hold.caught()
                seen(server.holds_a_lock(held) == (lesson == "07_lock"), "who holds the lock")
                drawn.begins("of bob", "amber" if lesson == "07_lock" else "blue")
                drawn.arrow_between("of bob", "alice", "sendall()", "amber" if lesson == "07_lock" else "blue", "waits")
                carol.asks_for("bob")
                drawn.arrow_between("carol", "of carol", last(carol))
                if lesson == "07_lock":
                    seen(server.waits_until(lambda: (thread_of(server, carol) or {}).get("waits_for"), 5), "carol's thread waits for the lock")
                    drawn.did("of carol", "waits for the lock", "redtint", "red")
                    drawn.did("of bob", "holds the lock", "ambertint", "amber", beside=True)
                else:
                    carol.is_told("an answer")
                    drawn.arrow_between("of carol", "carol", last(carol), "blue")
                    drawn.did("of bob", "holds nothing", beside=True)
                    drawn.ends("of bob", "blue")
    return drawn.svg()


@picture
def _09_dead_clients():
    with running("09_dead_clients") as server:
        alice, carol, bob = room(server, "alice", "carol", "bob")
        drawn = Sequence("Two threads find bob dead. One takes him out, and tells", {
            "alice": "alice", "of alice": "thread of alice", "bob": "bob", "of carol": "thread of carol", "carol": "carol"}, 230)
        server.cannot_send_to(bob, "EPIPE")
        drawn.did("bob", "is dead", "redtint", "red")
        with server.holds("fail", bob) as hold:
            carol.says("bob?")
            drawn.arrow_between("carol", "of carol", last(carol))
            held, = hold.caught()
            drawn.arrow_between("of carol", "bob", "sendall()", "red", "fails")
            alice.hears(carol, "bob?")
            alice.says("bob?")
            drawn.arrow_between("alice", "of alice", last(alice))
            drawn.arrow_between("of alice", "bob", "sendall()", "red", "fails")
            drawn.did("of alice", "under the lock: takes bob out", "ambertint", "amber")
            for one in (alice, carol):
                one.is_told_of(bob)
                drawn.arrow_between("of alice", one.name, "system bob has left", "blue")
        server.is_through_with(carol)
        for one in (alice, carol):
            one.was_told_nothing("once is enough", about="bob")
        drawn.did("of carol", "under the lock: no bob there", "ambertint", "amber")
        drawn.did("of carol", "says nothing", beside=False)
        return drawn.svg()


@picture
def _10_slow_clients():
    with running("10_slow_clients") as server:
        alice, carol, bob = room(server, "alice", "carol", "bob")
        drawn = Sequence("Nobody waits for alice but her own writer", {
            "bob": "bob", "reader": "reader of bob", "wa": "writer of alice", "alice": "alice", "wc": "writer of carol", "carol": "carol"}, 212)
        with server.holds("send", alice) as hold:
            drawn.did("alice", "reads nothing", "ambertint", "amber")
            for number, text in enumerate(("one", "two")):
                bob.says(text)
                drawn.arrow_between("bob", "reader", last(bob))
                drawn.arrow_between("reader", "wa", "put", "green")
                if not number:
                    held, = hold.caught()
                    seen(not server.is_reader_of(bob, held), "the thread that waits for alice is not bob's")
                    drawn.did("wa", "sendall() waits", "ambertint", "amber", mono=True)
                    drawn.begins("wa", "amber")
                drawn.arrow_between("reader", "wc", "put", "green")
                carol.hears(bob, text)
                drawn.arrow_between("wc", "carol", last(carol), "blue")
            waits_in(server, "recv", bob)
            drawn.did("alice", "reads again", "greentint", "green")
            drawn.ends("wa", "amber")
        for text in ("one", "two"):
            alice.hears(bob, text)
            drawn.arrow_between("wa", "alice", f"chat bob: {text}", "blue")
        return drawn.svg()


@picture
def _11_shutdown():
    with running("11_shutdown") as server:
        alice, = room(server, "alice")
        drawn = Sequence("Stopping is a protocol, too", {
            "you": "you", "main": "main thread", "reader": "reader of alice", "writer": "writer of alice", "alice": "alice"}, 225)
        waits_in(server, "accept")
        waits_in(server, "recv", alice)
        server.ends_on_ctrl_c(2)
        drawn.arrow_between("you", "main", "Ctrl-C")
        drawn.did("main", "accepts nobody any more")
        alice.is_told("a goodbye")
        drawn.arrow_between("main", "writer", "put the goodbye", "green")
        drawn.arrow_between("main", "reader", "shutdown(SHUT_RD)", "green")
        drawn.did("reader", 'recv() returns b""', mono=True)
        drawn.arrow_between("writer", "alice", last(alice), "blue")
        drawn.arrow_between("reader", "writer", "no more; join()", "green")
        alice.gets_end()
        drawn.arrow_between("reader", "alice", "the end of the stream", "blue")
        drawn.did("main", "all threads have ended: exit code 0", "greentint", "green")
        seen(server.program.exit_code == 0, "exit code 0")
        return drawn.svg()

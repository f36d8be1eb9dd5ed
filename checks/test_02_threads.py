"""Lesson 02: what the server with a thread for each client is asked for, rule by rule."""

import contextlib

from lab.course import after, basis, unwatched
from test_01_echo import (  # noqa: F401  what lesson 01 asked still holds
    test_after_a_reset, test_after_a_reset_before_it_is_served, test_after_a_reset_before_the_answer, test_after_a_reset_while_sending, test_bytes_come_back, test_half_close,
    test_half_close_while_a_send_is_late, test_hello_comes_back, test_large_input, test_late_reader, test_late_reader_and_half_close, test_many_exchanges, test_much_and_half_close, test_next_client, test_nobody_comes, test_same_port_again, test_short_sends, test_silence)


def test_listens(server):
    """02.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_silent_client(server):
    """02.1 A client that says nothing keeps nobody waiting

    While a thread waits in recv() for one client it can do nothing else. Give each client
    a thread with its own connection, Thread(target=handle_client, args=(conn, addr)), and
    start() it; the main thread goes back to accept() and does not join() it.
    """
    server.client("the silent one")
    bob = server.client("bob")
    for client in (bob, server.client("carol"), bob):
        client.is_not_kept_waiting()


def test_client_that_does_not_read(server):
    """02.1 A client that does not read what is sent to it keeps nobody waiting either

    Its thread waits in sendall() until there is room. What the other threads need, a lock
    for example, it must not hold meanwhile.
    """
    mallory, bob = server.client("mallory"), server.client("bob")
    for client in (mallory, bob):
        client.is_not_kept_waiting()
    with server.holds("full", mallory), server.while_it_reads_nothing(mallory):
        mallory.did("is slow: there is no room for anything that is sent to her")
        mallory.speaks()
        server.waits_until(lambda: server.is_held_up_by(mallory), 1)
        bob.is_not_kept_waiting()
        server.client("carol").is_not_kept_waiting()
    mallory.hears_back_at_last()


@unwatched
def test_hundred_clients(server):
    """02.1 100 connected clients all get their answer

    There is no upper number of clients here: a pool that is too small lets the rest wait.
    """
    clients = [server.client(f"client{number}") for number in range(1, 101)]
    for client in reversed(clients):
        client.is_not_kept_waiting()


@unwatched
@after(test_hundred_clients)
def test_hundred_clients_after_a_hundred(server):
    """02.1 100 connected clients all get their answer, also after 100 others have come and gone

    Whatever a client gets when it comes (a slot, a worker, a place in a table) has to be
    given back on every way on which it goes, a reset too: try ... finally, or `with`.
    """
    alice = server.client("alice")
    alice.is_served()
    before = server.counts()
    for number in range(1, 101):
        client = server.client(f"client{number}")
        client.is_not_kept_waiting()
        (client.resets if number % 2 else client.closes)()
        if server.reads_on():  # 02.3 asks for that; more of such threads would only make everything slow
            return
    server.settles(*before)  # that they have gone may be found out late
    for number in range(1, 100):
        server.client(f"newcomer{number}").is_not_kept_waiting()
    alice.is_not_kept_waiting()


def test_own_bytes(server):
    """02.2 Each client gets its own bytes only

    What belongs to one client, its connection too, must be a local variable of its thread,
    or an argument: a global name or an attribute of a shared object has only one value for all.
    """
    clients = [server.client(name) for name in ("alice", "bob", "carol", "dave")]
    for _ in range(3):
        for client in clients:
            client.speaks()
        for client in reversed(clients):
            client.hears_back()


@after(test_own_bytes)
def test_own_bytes_when_threads_start_late(server):
    """02.2 Each client gets its own bytes also when its thread starts late

    A new thread may take its first step after the next client was accepted. Hand it the
    connection with args=(conn, addr); a lambda or a global looks `conn` up too late.
    """
    with server.holds("start") as hold:
        alice = server.client("alice")
        hold.caught(otherwise=lambda: server.has_accepted(1))
        bob = server.client("bob")
        hold.caught(otherwise=lambda: server.has_accepted(2), count=2)
    bob.is_served()
    alice.is_served()


@after(test_own_bytes)
def test_own_bytes_when_threads_alternate(server):
    """02.2 Each client gets its own bytes also when another is served between its recv() and its send

    Between two lines of one thread the others run. What one thread has received must
    not lie in a name that the others write, too.
    """
    alice, bob = server.client("alice"), server.client("bob")
    alice.is_served()
    bob.is_served()
    for line in range(1, 40):
        with server.holds("recv", alice, line) as hold:
            alice.speaks()
            held = hold.caught(otherwise=alice.has_something)
            bob.speaks()
            overtaken = held and not server.is_reader_of(bob, held[0]) and server.waits_until(bob.has_something, 1)
        bob.hears_back()
        alice.hears_back()
        if not overtaken:  # alice's thread came to its send before, or bob must wait for alice, which is allowed
            break


@unwatched
@after(test_own_bytes_when_threads_alternate, test_hundred_clients)
def test_own_bytes_of_a_hundred(server):
    """02.2 Each client gets its own bytes also when 100 have sent theirs and none has its answer yet

    As many receive at once as there are clients: a stock of buffers, or a table with so
    many places, is shared by two of them sooner or later.
    """
    clients = [server.client(f"client{number}") for number in range(1, 101)]
    for client in clients:
        client.is_served()
    with contextlib.ExitStack() as late:
        for client in clients:
            hold = late.enter_context(server.holds("recv", client))
            client.speaks()
            if not hold.caught(lambda: client.has_something() or server.stands_still()):
                break  # another thread answers, or one thread serves several
    for client in reversed(clients[:clients.index(client) + 1]):
        client.hears_back()


@after(test_hundred_clients)
def test_threads_end(server):
    """02.3 A client's thread ends when the client has gone, and its socket is closed

    After 100 clients the server has as many threads and open sockets as before them.
    Leave the loop at the end of the stream and at a reset, and close the connection
    on every way out (`with conn:`).
    """
    alice = server.client("alice")
    alice.is_served()
    before = server.counts()
    for number in range(0, 100 if server.number < 5 else 30, 10):  # from lesson 05 on each of them is announced to all
        clients = [server.client(f"client{number + i}") for i in range(1, 11)]
        for client in clients[:-1]:  # the last one says nothing at all
            client.is_not_kept_waiting()
        for i, client in enumerate(clients):
            (client.resets if i % 3 == 0 else client.closes)()
        if server.reads_on():  # more of such threads would only make everything slow
            break
    alice.closes()
    server.client("newcomer").is_served()  # some clear up when the next one comes
    server.is_back_to(before, f"{number + 10} clients have come and gone")


def test_ctrl_c(server):
    """02.4 Ctrl-C stops the server within two seconds, also while clients are connected

    Python waits at its end for every thread that is not a daemon thread, and a thread
    in recv() does not end: daemon=True. And do not catch KeyboardInterrupt to go on, nor
    wait for the threads of so many clients one by one.
    """
    server.client("the silent one")
    server.client("alice").is_served()
    for number in range(1, 41):
        server.client(f"client{number}")
    server.client("bob").is_served()
    server.comes_to_rest()
    server.ends_on_ctrl_c(within=2)

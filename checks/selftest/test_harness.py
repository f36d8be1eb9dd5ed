"""A server that runs: what is seen of it from outside and from inside, and what is told of it."""

import os
import socket
import threading

import pytest
from lab.server import Server
from lab.verdict import Failure
from typed import THREADED


def test_the_port_is_the_childs_own(start):
    one, two = start(THREADED), start(THREADED)
    assert one.port != two.port
    assert one.listener["asked"] == ("127.0.0.1", 9090) and one.listener["where"][0] == ["server.py", 21, "main"]
    for server in (one, two):
        server.client("alice").is_served()


def test_threads_and_where_they_stand(start):
    server = start(THREADED)
    server.client("alice").is_served()
    server.comes_to_rest()
    assert server.counts() == (2, 2)
    lines = server.evidence.standing(server.ask("state"))
    assert lines == ["main thread: waits in accept() for the next client, at server.py:24 in main",
                     "thread of alice: waits in recv() for alice to send, at server.py:13 in handle_client"]


def test_tasks_and_where_they_wait(start):
    server = start("""\
import asyncio

async def passes_on(reader, writer):
    writer.write(await reader.read(100))

async def serve(reader, writer):
    while True:
        await passes_on(reader, writer)

async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 9090) as server:
        await server.serve_forever()

asyncio.run(main())
""")
    server.client("alice").is_served()
    server.client("bob").is_served()
    server.comes_to_rest()
    assert server.evidence.standing(server.evidence.with_tasks(server.ask("state"))) == [
        "main thread: waits in select() for something to happen, at server.py:14", "a task: waits at server.py:12 in main",
        "2 tasks: wait at server.py:4 in passes_on, called from server.py:8 in serve"]


def test_idle_is_proved_not_guessed(start):
    """A server that answers late is not idle, whatever its threads look like meanwhile."""
    server = start(THREADED.replace("conn.sendall(data)", "threading.Timer(0.7, conn.sendall, (data,)).start()"))
    server.client("alice").is_served()


def test_idle_is_told_at_once(start):
    server = start(THREADED.replace("conn.sendall(data)", "pass"))
    alice = server.client("alice")
    with pytest.raises(Failure, match="nothing came back to alice, and that will not change: the server has read all"):
        alice.is_served()
    assert server.deadlines == 0


def test_blame_finds_the_line_of_a_byte(start):
    server = start(THREADED.replace("conn.sendall(data)", "conn.sendall(data[:1])\n                conn.sendall(b'?')"))
    with pytest.raises(Failure) as caught:
        server.client("alice").is_served()
    assert caught.value.where[0] == {"file": "server.py", "line": 15, "what": "sends this to alice"}


@pytest.mark.parametrize("last_step, words", [
    ("raise ValueError('enough')", "server.py stopped with ValueError: enough"),
    ("sys.exit(3)", "server.py ended (sys.exit(3))"),
    ("os._exit(4)", "server.py ended (os._exit(4))"),
    ("", "server.py ended (exit code 0)"),
    ("threading.Event().wait()", "the server closed alice's connection")])
def test_an_end_is_told_as_what_it_is(start, last_step, words):
    """A program closes its sockets first and ends a little later; what is told does not depend on how much later."""
    for seconds in (0, 0.3):
        server = start("import os, socket, sys, threading, time\nlistener = socket.create_server(('127.0.0.1', 9090))\n"
                       f"listener.accept()[0].close()\ntime.sleep({seconds})\n{last_step}\n")
        with pytest.raises(Failure) as caught:
            server.client("alice").is_served()
        assert caught.value.message == words


def test_a_program_that_ends_slowly_is_not_at_rest(start):
    """Nobody is left to wait for: the main thread is on its way, however long the system keeps it there."""
    server = start("import socket, threading\nlistener = socket.create_server(('127.0.0.1', 9090))\nlistener.accept()[0].close()\n"
                   "exec('def _shutdown(): _os.times()\\nfor _ in range(200_000): _shutdown()', vars(threading))\n")
    with pytest.raises(Failure) as caught:
        server.client("alice").is_served()
    assert caught.value.message == "server.py ended (exit code 0)"


def test_a_last_message_may_come_in_pieces():
    source = ("import socket, time\nconn, _ = socket.create_server(('127.0.0.1', 9090)).accept()\nconn.recv(100)\n"
              "for piece in (b'{\"type\": \"system\",', b' \"text\": \"no\"}', b'\\n'):\n    conn.sendall(piece)\n    time.sleep(0.2)\n"
              "conn.close()\ntime.sleep(5)\n")
    server = Server({"server.py": source.encode()}, "03_messages").start()
    mallory = server.client("mallory")
    mallory.sends_bytes(b"nonsense\n")
    mallory.gets_end()
    server.stop()


ACCEPTS = """import signal, socket, threading, time
done, listener = threading.Event(), socket.create_server(("127.0.0.1", 9090))
threading.Thread(target=listener.accept, daemon=True).start()
"""


@pytest.mark.parametrize("source", [
    THREADED,
    "import socketserver\nsocketserver.ThreadingTCPServer(('127.0.0.1', 9090), socketserver.StreamRequestHandler).serve_forever()\n",
    "import asyncio\n\nasync def main():\n    await asyncio.start_server(print, '127.0.0.1', 9090)\n    await asyncio.Event().wait()\n\nasyncio.run(main())\n",
    ACCEPTS + "while not done.is_set():\n    time.sleep(0.5)\n", ACCEPTS + "signal.sigwait({signal.SIGINT})\n"])
def test_rest_is_seen(start, source):
    server = start(source)
    assert server.waits_until(server.program.is_at_rest, 5)


@pytest.mark.parametrize("call", [
    "listener.accept()", "clients[0].recv(100)", "selector.select(0)", "len(clients)"])
def test_who_only_looks_does_not_rest(start, call):
    """A call that does not block waits for nobody, as often as it is seen."""
    server = start(f"""
import contextlib, selectors, socket, time
listener, selector = socket.create_server(("127.0.0.1", 9090)), selectors.DefaultSelector()
clients = [listener.accept()[0]]
for sock in listener, *clients:
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_READ)
while True:
    with contextlib.suppress(BlockingIOError):
        {call}
""")
    server.client("alice")
    assert server.waits_until(lambda: server.has_accepted(1), 5)
    assert not any(server.rests() or server.program.is_at_rest() for _ in range(200))


@pytest.mark.parametrize("seconds, serves", [(0.002, False), (0.03, False), (0.03, True), (0.3, True)])
def test_who_sleeps_and_looks_rests_when_there_is_nothing_to_see(start, seconds, serves):
    server = start(f"""
import collections, socket, threading, time
todo = collections.deque()

def answers():
    while True:
        time.sleep({seconds})
        if todo:
            conn, data = todo.popleft()
            conn.sendall(data)

def reads(conn):
    while data := conn.recv(100):
        time.sleep(0.01)
        todo.append((conn, data))

listener = socket.create_server(("127.0.0.1", 9090))
threading.Thread(target=answers, daemon=True).start()
conn, _ = listener.accept()
{'todo.append((conn, b"welcome"))' if serves else ''}
reads(conn)
""")
    alice = server.client("alice")
    if serves:
        alice.gets_bytes(b"welcome")
    for _ in range(5):
        alice.speaks()
        assert server.waits_until(server.rests, 5) and alice.has_something()
        alice.hears_back()


@pytest.mark.parametrize("starts, line, what", [("threading.Thread(target=answers)", 13, "is made here, and never started"),
                                                ("threading.Thread(target=answers).start()", 9, "waits for another thread to do something")])
def test_who_should_have_answered_is_shown(start, starts, line, what):
    server = start(f"""
import socket, threading
todo, changed = [], threading.Condition()

def answers():
    while True:
        with changed:
            while not todo:
                changed.wait()
        conn, data = todo.pop()
        conn.sendall(data)

answerer = {starts}
conn, _ = socket.create_server(("127.0.0.1", 9090)).accept()
while data := conn.recv(100):
    todo.append((conn, data))
""")
    with pytest.raises(Failure) as caught:
        server.client("alice").is_served()
    assert [spot for spot in caught.value.where if spot["line"] == line and what in spot["what"]]


def test_who_sleeps_long_and_serves_nobody_rests(start):
    server = start("import socket, threading, time\nlistener = socket.create_server(('127.0.0.1', 9090))\n"
                   "def tells():\n    while True:\n        time.sleep(100)\n        print('all is well')\n"
                   "threading.Thread(target=tells, daemon=True).start()\nlistener.accept()[0].recv(100)\n")
    server.client("alice")
    assert server.waits_until(server.rests, 5) and not server.is_quiet()


def test_holds_release_what_they_hold(start):
    server = start(THREADED)
    alice = server.client("alice")
    alice.is_served()
    with server.holds("send", alice) as hold:
        alice.speaks()
        assert hold.caught()[0]["what"] == "send" and not alice.has_something()
    alice.hears_back()
    with server.holds("start") as hold:
        bob = server.client("bob")
        assert hold.caught()[0]["what"] == "start"
    bob.is_served()


@pytest.mark.parametrize("send, gives_up", [
    ("conn.sendall(data)", False),
    ("conn.settimeout(0.2); conn.sendall(data)", True),
    ("conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', 0, 200_000)); conn.sendall(data)", True),
    ("conn.setblocking(False); conn.send(data)", True),
    ("conn.send(data, socket.MSG_DONTWAIT)", True)])
def test_a_full_buffer_is_waited_for_as_the_system_would(start, send, gives_up):
    server = start("import struct\n" + THREADED.replace("conn.sendall(data)", send))
    alice = server.client("alice")
    with server.holds("full", alice) as hold:
        alice.speaks()
        assert hold.caught()
        if gives_up:
            alice.gets_end()
        else:
            assert not alice.has_something()
    if not gives_up:
        alice.hears_back()


@pytest.mark.parametrize("send", ["conn.sendall(data)", "while data: data = data[conn.send(data):]",
                                  "while data: data = data[conn.sendmsg([data[:2], data[2:]]):]"])
def test_a_send_is_held_in_its_middle(start, send):
    server = start(THREADED.replace("conn.sendall(data)", send))
    alice = server.client("alice")
    with server.holds("piece", alice) as hold:
        alice.speaks()
        assert hold.caught()
        assert server.waits_until(alice.has_something, 5) and alice.token.startswith(alice.buffer) and alice.buffer != alice.token
    alice.hears_back()


def test_a_client_that_does_not_read_is_seen_to_hold_up_the_server(start):
    server = start(THREADED)
    alice = server.slow_client("alice")
    alice.stops_reading()
    alice.sends_until_stuck()
    assert server.waits_until(lambda: server.is_held_up_by(alice) and server.is_quiet(), 5)
    alice.reads_again()
    assert not server.is_quiet()


def test_a_program_that_closes_our_pipes_is_found_all_the_same(start):
    server = start("import os\nos.closerange(3, 4096)\n" + THREADED)
    assert server.program.lost
    server.client("alice").is_served()


def test_no_threads_or_descriptors_of_ours_are_left(start):
    def count():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc here")
    before = count()
    for _ in range(3):
        server = start(THREADED)
        server.client("alice").is_served()
        server.stop()
    assert count() == before


def test_a_reset_is_a_reset(start):
    server = start(THREADED)
    alice = server.client("alice")
    alice.is_served()
    alice.resets()
    assert server.waits_until(lambda: "Connection reset" in server.program.output, 5)


def test_nobody_listens_afterwards():
    server = Server({"server.py": THREADED.encode()}, "02_threads").start()
    port = server.port
    server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_loop_after_the_end_of_the_stream_is_named(start):
    server = start(THREADED.replace("while data := conn.recv(4096):", "while True:\n                data = conn.recv(4096)"))
    alice = server.client("alice")
    alice.is_served()
    alice.half_closes()
    with pytest.raises(Failure) as caught:
        alice.gets_end()
    assert caught.value.where[0]["line"] == 14 and "has met the end of alice's stream" in caught.value.where[0]["what"]


def test_the_kit_stays_out_of_tracebacks_and_one_error_stands_once(start):
    server = start(THREADED.replace("except OSError", "except KeyError"))
    for name in ("alice", "bob"):
        client = server.client(name)
        client.is_served()
        client.resets()
    titles = dict(server.failure("seen").detail)
    assert "An error that nobody caught, in the threads of alice, bob" in titles
    assert not any("inside" in line for line in titles["The last lines that it printed"])

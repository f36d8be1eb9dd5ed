"""Lesson 04: what the server that knows who is talking is asked for, rule by rule."""

from lab.course import after, basis
from lab.day import finishes_while_a_send_is_late
from lab.messages import line
from lab.submission import words_in
from test_01_echo import (  # noqa: F401  what the lessons before asked still holds
    test_after_a_reset, test_after_a_reset_before_it_is_served, test_half_close, test_next_client, test_nobody_comes, test_same_port_again, test_short_sends, test_silence)
from test_02_threads import (  # noqa: F401
    test_ctrl_c, test_hundred_clients, test_own_bytes, test_own_bytes_when_threads_alternate,
    test_client_that_does_not_read, test_own_bytes_when_threads_start_late, test_silent_client, test_threads_end)
from test_03_messages import (  # noqa: F401
    test_end_inside_a_line, test_line_too_long, test_line_without_end, test_longest_message, test_longest_message_with_the_next, test_not_an_object,
    test_not_utf8, test_reset_inside_a_line)

LETTERS_32 = "абвгдежзийклмнопрстуфхцчшщъыьэюя"  # 64 bytes in UTF-8
NICKS = "  alice  ", "\tdora\u00a0", "x", "a_nick_of_exactly_32_characters!", "Алёна", LETTERS_32, "bob  the builder", "👩\u200d👩\u200d👧 & co", "Ele\u0301ne", " " * 30 + LETTERS_32[::-1] + " " * 30, 'the "\\n" one\'s <100%>', "{0} {x} %s %d", "system", "Server", "admin"
WIRE = "type", "user", "text", "join", "chat", "leave", "utf"  # words that stand in every program


WORDS = (  # in chats a word is a word, whatever other programs do with it
    "quit", "exit", "bye", "!DISCONNECT", "{quit}", "/list", "/nick peggy", "/w alice psst", "@alice psst", "#alice", "NICK", "{0} {x} %s", "hi", "hi", "HI THERE", "\nnewlines\n\n")


def test_listens(server):
    """04.1 python server.py listens on 127.0.0.1:9090 and serves until it is stopped

    Write HOST, PORT = "127.0.0.1", 9090 and listen there: 127.0.0.1 is this machine
    alone, 0.0.0.0 would let the whole network in.
    """
    server.listens_on("127.0.0.1", 9090)


@basis
def test_join(server):
    """04.1 A join is answered by a system message that contains the nick

    Answer {"type": "join", "user": NICK} with {"type": "system", "text": ...} and put
    the nick into the text. Each connection has a nick of its own.
    """
    for nick in ("alice", "bob"):
        server.client(nick).joins()


def test_any_nick(server):
    """04.1 A nick is a string of 1 to 32 characters once stripped

    user.strip() first, and keep what is left as it is; len() of a str counts characters,
    of bytes it counts bytes.
    """
    for nick in any_nicks(server):
        server.client("alice").joins(nick).closes()


def any_nicks(server):
    """Nicks of all kinds, also words that stand in the program itself; each once, for a nick may be taken from lesson 07 on."""
    own = dict.fromkeys(word for word in words_in(server.files) if word.isalpha() and word.lower() not in WIRE and word not in NICKS)
    return [*NICKS, *own]


@basis
def test_chat_comes_back(server):
    """04.2 A chat comes back to its sender as a chat message with the nick in "user"

    Send {"type": "chat", "user": nick, "text": text}; the nick is the one that this
    connection joined with.
    """
    alice = server.client("alice").joins()
    for text in ("hi", "and again"):
        alice.says(text)
        alice.hears(alice, text)


def test_any_chat_comes_back(server):
    """04.2 A chat with any text comes back, also with an empty one

    A text is any string: isinstance(text, str). "" is one, too, though it counts as false.
    """
    alice = server.client("alice").joins()
    for text in ("", " ", "0", "/quit", "null", "", *WORDS, *words_in(server.files)):
        alice.says(text)
        alice.hears(alice, text)


def test_chat_to_sender_alone(server):
    """04.2 A chat comes back to its sender alone, under the sender's own nick

    Send it to the connection that it came from, and keep the nick in a local variable
    of that client's thread.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.says("hi")
    alice.hears(alice, "hi")
    bob.says("hello")
    bob.hears(bob, "hello")
    alice.says("and now")
    alice.hears(alice, "and now")


@after(test_any_nick)
def test_chat_under_any_nick(server):
    """04.2 The nick in "user" is the one of the join, as it is once stripped

    Strip once, when the client joins, and keep what is left.
    """
    is_heard_under_any_nick(server)


def is_heard_under_any_nick(server):
    for nick in any_nicks(server):
        client = server.client("alice").joins(nick)
        client.is_heard_as(nick.strip())
        client.closes()


def test_no_other_nick(server):
    """04.2 Nobody chats under another's nick, whatever the message says

    The nick is the one of the join; a "user" in a chat message means nothing.
    """
    alice = server.client("alice").joins()
    alice.sends({"type": "chat", "user": "mallory", "text": "who am I?"})  # served or refused
    alice.says("me")
    if alice.hears_one_of(alice, ("who am I?", "me")) != "me":
        alice.hears(alice, "me")


def test_leave(server):
    """04.3 A leave ends the connection; the server closes its side

    Leave the client's loop, as at the end of the stream.
    """
    alice = server.client("alice").joins()
    alice.is_served()
    alice.leaves()
    alice.gets_end()
    server.client("bob").is_served()


@after(test_leave)
def test_any_form(server):
    """04.2 A message is known by its fields, whatever their order, the white space between them, and other fields beside them

    Look a field up by its name, obj.get("type"): key order and white space in JSON mean
    nothing. A field that you do not know is no fault.
    """
    alice = server.client("alice")
    alice.sends_bytes(b'{ "user" :\t"alice" , "id": 1, "type":"join" }\n')
    alice.is_told_of("alice", "alice's join is answered by a system message with the nick 'alice'")
    alice.nick = "alice"
    for text in ("hi", "chat", "leave"):
        for form in ('  {"text":"%s","type" : "chat"}\t\n', '{"type": "chat", "id": [2], "text": "%s"}\n'):
            alice.sends_bytes((form % text).encode())
            alice.is_heard_saying("alice", text)
    alice.sends_bytes(b'{"id": null, "type": "leave"}\n', may_end=True)
    alice.gets_end()


@after(test_half_close)
def test_answers_before_the_end(server):
    """01.3 A client that has finished sending gets all its answers, also when the server is late to send them, and then the end

    Who closes a connection for which another thread sends waits until that one is through.
    """
    alice = server.client("alice")
    finishes_while_a_send_is_late(alice, lambda: alice.sends_bytes(line({"type": "dance"}) * 3))
    for _ in range(3):
        alice.is_told("each unknown type is answered by a system message")
    alice.gets_end()


def test_nothing_after_a_leave(server):
    """04.3 What comes behind a leave is not served, not even in the same piece

    Whoever has left says nothing more: look whether there is an end before you take the
    next message out of the buffer.
    """
    alice, bob = server.client("alice").joins(), server.client("bob").joins()
    alice.sends_bytes(line({"type": "leave"}) + line({"type": "chat", "text": "am I still here?"}), may_end=True)
    alice.gets_end(reset_is_fine=True)
    server.notices(alice)
    bob.is_served()


def test_gone(server):
    """04.3 The end of the stream or a reset ends the connection; the server closes its side

    Close the connection on every way out of the client's thread (`with conn:`).
    """
    carol = server.client("carol").joins()
    before = server.counts()
    alice = server.client("alice").joins()
    alice.half_closes()
    alice.gets_end()
    server.notices(alice)
    bob = server.client("bob").joins()
    bob.resets()
    carol.closes()
    server.client("newcomer").joins()  # some clear up when the next one comes
    server.is_back_to(before, "alice ended her stream and bob broke off")


def test_first_message_is_a_join(server):
    """04.4 A first message that is not a join is answered by a system message; the client may join then

    Remember whether this client has joined. Answer what does not fit and go on with
    the loop: neither silence nor an end of the connection.
    """
    alice = server.client("alice")
    for message, what in (({"type": "chat", "text": "hi"}, "a chat before the join"),
                          ({"type": "dance"}, "an unknown type before the join")):
        alice.is_refused(message, what)
    alice.joins()
    alice.is_heard_as("alice")


def test_second_join(server):
    """04.4 A second join is answered by a system message, and the nick stays as it was

    Take a join only from a client that has not joined yet.
    """
    alice = server.client("alice").joins()
    alice.is_heard_as("alice")
    for nick in ("mallory", "alice", "", "m" * 33):
        alice.is_refused({"type": "join", "user": nick}, f"a second join, as {nick!r},")
        alice.is_heard_as("alice")


def test_unknown_type(server):
    """04.4 An unknown type is answered by a system message

    Everything that is not a join, a chat or a leave comes to one last branch.
    """
    refuses(server, *((message, f"the type {message['type']!r}") for message in (
        {"type": "dance"}, {"type": "CHAT", "text": "hi"}, {"type": "system", "text": "hi"}, {"type": ""}, {"type": "chatter", "text": "hi"},
        {"type": "leaves"}, {"type": "cha", "text": "hi"})))
    newcomer_is_refused(server, ({"type": "joining", "user": "bob"}, "the type 'joining'"))


def test_missing_field(server):
    """04.4 A missing field is answered by a system message

    obj["text"] raises KeyError when there is none: look first, obj.get("text").
    """
    refuses(server, ({}, "an empty object"), ({"text": "hi"}, "a message without a type"), ({"type": "chat"}, "a chat without a text"))
    newcomer_is_refused(server, ({"type": "join"}, "a join without a user"))


def test_wrong_kind(server):
    """04.4 A field of the wrong kind is answered by a system message

    Check with isinstance(text, str) before you use it: JSON may hold a number, a list,
    an object, true or null in any field.
    """
    wrong = (5, None, ["hi"], {"a": "b"}, True)
    refuses(server, *(({"type": "chat", "text": value}, f"a chat with the text {value!r}") for value in wrong),
            *(({"type": value, "text": "hi"}, f"the type {value!r}") for value in (5, None, ["chat"], {"chat": 1})))
    newcomer_is_refused(server, *(({"type": "join", "user": value}, f"a join with the user {value!r}") for value in wrong))


def test_wrong_nick(server):
    """04.4 A nick that is empty or longer than 32 characters is answered by a system message

    1 <= len(user.strip()) <= 32
    """
    newcomer_is_refused(server, ({"type": "join", "user": ""}, "a join with an empty nick"),
                        ({"type": "join", "user": "   "}, "a join with a nick of spaces"),
                        ({"type": "join", "user": "x" * 33}, "a join with a nick of 33 characters"))


def refuses(server, *messages):
    """A member sends each of these; each is refused, and the member is heard as before."""
    alice = server.client("alice").joins()
    alice.is_heard_as("alice")
    for message, what in messages:
        alice.is_refused(message, what)
        alice.is_heard_as("alice")


def newcomer_is_refused(server, *messages):
    """Somebody who has not joined sends these; each is refused, the client is no member, and may join then."""
    bob = server.client("bob")
    for message, what in messages:
        bob.is_refused(message, what)
        bob.is_refused({"type": "chat", "text": "am I in?"}, f"a chat after {what} was refused")
    bob.joins()
    bob.is_heard_as("bob")


def test_pieces(server):
    """03.1 A message may arrive in any pieces, with long pauses between them, and several in one piece

    Keep what has arrived and was not used yet in a buffer of this connection, whatever
    becomes of a recv() meanwhile.
    """
    server.receives_at_most(1)
    alice = server.client("alice").joins()
    alice.says("Привет")
    alice.is_heard_saying(alice.nick, "Привет")
    server.receives_at_most(0)
    alice.sends_with_a_pause({"type": "chat", "text": "after a pause"})
    alice.is_heard_saying(alice.nick, "after a pause")
    alice.sends_bytes(b"".join(line({"type": "chat", "text": text}) for text in ("one", "два", "three")))
    for text in ("one", "два", "three"):
        alice.is_heard_saying(alice.nick, text)
    long = line({"type": "chat", "text": "x" * 3000})
    alice.sends_bytes(long[:2000])
    server.takes_all(alice)
    alice.sends_bytes(long[2000:] + line({"type": "chat", "text": "short"}))
    for text in ("x" * 3000, "short"):
        alice.is_heard_saying(alice.nick, text)
    bob = server.client("bob").joins(saying="here I am")
    bob.is_heard_saying(bob.nick, "here I am")


def test_any_text(server):
    """03.2 Text with newlines, quotes and any Unicode comes back equal

    Let json do the quoting, and end lines at b"\\n" only.
    """
    alice = server.client("alice").joins()
    for text in ("two\nlines", 'a "quote" and a \\', "Привет 🎉", "e\u0301 ﬁ", "\u2028 \x85", "\x00", "<b> &amp; 100% {}"):
        alice.says(text)
        alice.is_heard_saying("alice", text)

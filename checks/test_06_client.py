"""Lesson 06: what the client is asked for, rule by rule; and what the server, which is given, still holds."""

from test_05_broadcast import *  # noqa: F403  what the lessons before asked still holds; first, for the imports below may bring the same names

from lab.course import after, basis
from lab.faults import Hold
from lab.messages import LONGEST_LINE, line
from lab.submission import words_in

del (  # the server is given here: the rest of what it was asked for is enough
    test_after_a_reset_before_it_is_served, test_chat_before_a_bad_line, test_chat_while_others_come_and_go, test_order_when_sends_are_short,
    test_namesakes, test_others_get_the_message, test_others_get_the_message_whatever_error_it_is, test_others_go_on_when_an_answer_fails,
    test_others_go_on_when_a_stalled_member_breaks_off, test_the_same_twice)

JOIN, LEAVE = {"type": "join", "user": "alice"}, {"type": "leave"}
ODD_TEXTS = ('"quoted" and \\n', "100% {sure} %s", "{} of {0}", "%d degrees, rain at 40 %", "$name and ${name}", "C:\\new\\table", "日本語 and 🎉", '{"type": "leave"}',
             "/quit")  # in which formats, templates and escapes have something to do
ODD_NICKS = ("{0}", "%s", "$bob", "back\\slash")


def system(text):
    return {"type": "system", "text": text}


def chat(user, text):
    return {"type": "chat", "user": user, "text": text}


def said(text):
    """What the client is to send when this is typed."""
    return {"type": "chat", "text": text}


def joins(client, room):
    """Start the client as alice, and welcome her; what is said after that arrives by itself."""
    client.starts("alice")
    room.gets(JOIN)
    room.says(system("alice has joined"))
    room.is_heard()


@basis
def test_joins_first(client, room):
    """06.1 client.py asks for the nick, connects to 127.0.0.1:9090 and sends join first

    Read the nick from standard input, with input(); connect to (HOST, PORT) and send
    {"type": "join", "user": nick} before anything else.
    """
    client.starts("alice")
    client.connects_to("127.0.0.1", 9090)
    room.gets(JOIN)


def test_system_is_shown(client, room):
    """06.1 A system message is printed as its text, on a line of its own, as soon as it arrives

    print(obj["text"]), and nothing before or behind it. A system message need not have a "user".
    """
    joins(client, room)
    for text in ("bob has joined", "carol вошла: привет", "bob has left"):
        client.comes_to_rest()
        room.says(system(text))
        client.shows(text)


def test_chat_is_shown(client, room):
    """06.1 A chat is printed as NICK: TEXT, on a line of its own, as soon as it arrives

    Print it in the listener thread, which does nothing else than receive and print: the
    main thread, which waits in input(), cannot. print() ends the line, unless end= says otherwise.
    """
    joins(client, room)
    for nick, text in (("bob", "hi"), ("bob", "how are you?"), ("Алёна", "привет"), ("carol of the west", "me: too")):
        client.comes_to_rest()
        room.says(chat(nick, text))
        client.shows(f"{nick}: {text}")


@after(test_chat_is_shown)
def test_chat_without_words_is_shown(client, room):
    """06.1 A chat with an empty text is printed, too: as NICK: with nothing behind it

    "" is a text like any other. `if text:` and `text or ...` take it for none.
    """
    joins(client, room)
    for nick, text in (("bob", ""), ("carol", " "), ("bob", "hi")):
        room.says(chat(nick, text))
        client.shows(f"{nick}: {text}")


@after(test_chat_is_shown)
def test_the_same_twice_is_shown(client, room):
    """06.1 What somebody says twice is printed twice

    What was printed before is no reason not to print.
    """
    joins(client, room)
    for _ in range(2):
        room.says(chat("bob", "hi"))
        client.shows("bob: hi")


@after(test_chat_is_shown)
def test_namesake_is_shown(client, room):
    """06.1 A chat of another alice is printed as well

    The server does not send back what this client says: what comes under its own nick
    is another member's, who may have the same.
    """
    joins(client, room)
    room.says(chat("alice", "I am another alice"))
    client.shows("alice: I am another alice")


@after(test_chat_is_shown)
def test_messages_in_one_piece(client, room):
    """06.1 Messages that arrive together are printed each on a line of its own

    One recv() may bring several messages: recv_json() keeps what is left in its buffer,
    so give it the same buffer each time.
    """
    joins(client, room)
    for number in range(3):
        texts = [f"{word} {number}" for word in ("one", "two", "three")]
        room.says(*(chat("bob", text) for text in texts), system(f"round {number}"))
        client.shows_all([*(f"bob: {text}" for text in texts), f"round {number}"])


@after(test_chat_is_shown)
def test_messages_with_the_welcome(client, room):
    """06.1 What arrives together with the answer to the join is printed, too

    What one recv() brings may be more than the first message: read that with the same
    buffer as all that follow.
    """
    client.starts("alice")
    room.gets(JOIN)
    room.says(system("alice has joined"), chat("bob", "hi alice"), chat("carol", "welcome"))
    client.shows_all(["bob: hi alice", "carol: welcome"])


@after(test_chat_is_shown)
def test_message_in_pieces(client, room):
    """06.1 A message that arrives byte by byte is printed when it is complete

    One recv() may bring a part of a message, or of a letter: use recv_json(), which
    collects until the newline.
    """
    joins(client, room)
    client.receives_at_most(1)
    for number in range(3):
        room.says(chat("Алёна", f"привет 🎉 {number}"), system(f"ещё {number}"))
        client.shows_all([f"Алёна: привет 🎉 {number}", f"ещё {number}"])


@after(test_chat_is_shown)
def test_any_text_is_shown(client, room):
    """06.1 Any text is printed as it is, whatever it is made of

    Let recv_json() decode it, and print it as it is: no repr(), no formatting with %.
    """
    joins(client, room)
    for text in ODD_TEXTS:
        room.says(chat("bob", text))
        client.shows(f"bob: {text}")
    for nick in ODD_NICKS:
        room.says(chat(nick, "hi"))
        client.shows_all([f"{nick}: hi"])


@after(test_system_is_shown)
def test_any_system_text_is_shown(client, room):
    """06.1 Any text of a system message is printed as it is, too

    Fill it into a template of your own, f"{text}", or print it alone. A text that has come is
    no template: no .format() of it, and no % with it.
    """
    joins(client, room)
    for text in ODD_TEXTS:
        room.says(system(text))
        client.shows_all([text])


@after(test_chat_is_shown, test_system_is_shown)
def test_text_of_two_lines_is_shown(client, room):
    """06.1 A text with a newline in it is printed whole

    How the newline is shown is up to you; no word before or behind it may be lost.
    """
    joins(client, room)
    room.says(chat("bob", "apples\npears"))
    client.shows_words("apples", "pears")
    room.says(system("plums\n\ncherries\n"))
    client.shows_words("plums", "cherries")
    for end in "\u2028\x85\x1c\r":  # which str.splitlines() takes for the end of a line; on the wire that is b"\n" alone
        room.says(chat("bob", f"figs{end}dates"))
        client.shows_words("figs", "dates")
    room.says(chat("bob", "that was all"))
    client.shows_all(["bob: that was all"])


@after(test_chat_is_shown)
def test_longest_message_is_shown(client, room):
    """06.1 A message of 65,536 bytes is printed whole

    A line may be much longer than one recv() brings.
    """
    joins(client, room)
    text = "x" * (LONGEST_LINE - len(line(chat("bob", ""))))
    for message in (chat("bob", text), chat("bob", "short again")):
        client.comes_to_rest()  # print() gives a long text away before its newline: a prompt that comes late may fall between them
        room.says(message)
        client.shows(f"bob: {message['text']}")


@after(test_chat_is_shown)
def test_thousand_messages(client, room):
    """06.1 A thousand messages are printed while nothing is typed, in order and each once

    Loop until recv_json() returns None; wait for nobody's typing in between.
    """
    joins(client, room)
    room.says(*(chat("bob", f"number {number} of 1000") for number in range(1000)))
    client.shows_all([f"bob: number {number} of 1000" for number in range(1000)])


@after(test_chat_is_shown)
def test_after_silence(client, room):
    """06.1 What arrives after a long silence is printed, too

    A time-out of create_connection(..., timeout=5) stays on the socket: recv() raises
    TimeoutError when nothing came for so long, and that is no reason to stop listening.
    sock.settimeout(None) takes it off.
    """
    joins(client, room)
    for number in range(3):
        client.time_passes()
        room.says(chat("bob", f"still here {number}"))
        client.shows(f"bob: still here {number}")


@after(test_chat_is_shown)
def test_new_fields(client, room):
    """06.1 Fields and types that the client does not know do it no harm

    Look at the type first, for it alone says what kind of message this is; take the fields
    that such a message has, and leave the rest alone.
    """
    joins(client, room)
    room.says(chat("bob", "hi") | {"time": 1700000000, "colour": None}, {"id": [1, {}]} | system("carol has joined"))
    client.shows_all(["bob: hi", "carol has joined"])
    for nick in ("carol", "dave", "peggy"):  # what stands before a text may be a prompt that is late, but not each time
        room.says(system(f"{nick} has left") | {"user": nick})
        client.shows(f"{nick} has left")
        room.says(chat("bob", f"bye {nick}") | {"nick": nick, "name": nick, "message": "hello"})
        client.shows(f"bob: bye {nick}")
    room.says(chat("bob", "waves") | {"type": "action"})  # may be shown or not
    room.says(chat("bob", "still here"))
    client.shows_all(["bob: still here"])


def test_line_is_sent(client, room):
    """06.2 A typed line is sent as chat, at once, also when the server says nothing

    send_json(sock, {"type": "chat", "text": text}) in the main thread; do not wait for an
    answer, none may come. The newline does not belong to the text.
    """
    joins(client, room)
    for text in ("hi", "how are you?", "anyone?"):
        client.types(text)
        room.gets(said(text))


@after(test_line_is_sent)
def test_any_line_is_sent(client, room):
    """06.2 Whatever is in a typed line, it is sent as it is

    Let send_json() do it: json.dumps() takes care of quotes, and UTF-8 of everything else.
    There is one command, /quit; any other line is a chat, also one that begins with a slash.
    """
    joins(client, room)
    for text in ('she said "hi"', "привет 🎉", "back\\slash", '{"type": "leave"}', "two  spaces", "one\ttab and\t\ttwo", "quit", "exit", "leave", "100%",
                 "? who is there", "help me", "!important", "# 1", "-h", "@bob hi", ":q", ": then", "q", "bye", "help", "?", "!DISCONNECT", "EXIT", ".", "0",
                 "/tmp is full", "/help", "/list", "/nick bob", "/", *(word for word in words_in(client.files) if word.lower() != "/quit")):
        client.types(text)
        room.gets(said(text))


@after(test_line_is_sent)
def test_hundred_lines(client, room):
    """06.2 A hundred lines, one after another, are all sent in their order

    Loop until the user wants to go.
    """
    joins(client, room)
    for number in range(100):
        client.types(f"line {number}")
        room.gets(said(f"line {number}"))


@after(test_line_is_sent)
def test_long_line_is_sent_whole(client, room):
    """06.2 A long line is sent whole, also when the system takes only a part of it at a time

    send() returns how many bytes the system took; sendall() goes on until all are taken.
    """
    joins(client, room)
    client.sends_at_most(1000)
    for letter in "xы":
        client.types(letter * 20_000)
        room.gets(said(letter * 20_000))


@after(test_line_is_sent, test_chat_is_shown)
def test_line_is_sent_while_messages_come(client, room):
    """06.2 A typed line is sent while messages arrive, and these are printed

    Two threads: one receives and prints, the other reads what is typed and sends.
    """
    joins(client, room)
    for number in range(10):
        room.says(chat("bob", f"before {number}"))
        client.types(f"line {number}")
        room.gets(said(f"line {number}"))
        client.shows_all([f"bob: before {number}"])
        room.says(chat("bob", f"after {number}"))
        client.shows_all([f"bob: after {number}"])


@after(test_line_is_sent, test_messages_in_one_piece)
def test_line_takes_no_message_away(client, room):
    """06.2 A line that is typed and sent before what has arrived is printed takes nothing of that away

    What is read and not printed yet belongs to the listener alone. sock.makefile("rw") throws
    it away when something is written: take a file to read and another one to write, or
    recv_json() and send_json().
    """
    joins(client, room)
    for point in (1, 2, 4, 8, 16):
        texts = [f"{word} {point}" for word in ("one", "two", "three")]
        with Hold(client.program, "recv", room, point) as hold:
            room.says(*(chat("bob", text) for text in texts))
            hold.caught(lambda: room.is_read() or room.all_is_received() and client.stands_still())
            client.types(f"line {point}")
            client.program.watch_until(lambda: room.has_something() or client.stands_still(), 1)
        room.gets(said(f"line {point}"))
        client.shows_all([f"bob: {text}" for text in texts])


@after(test_line_is_sent)
def test_empty_line_is_not_sent(client, room):
    """06.2 An empty line is not sent, and not the end

    Ask `if text:` before you send. input() returns "" for an empty line and raises
    EOFError at the end of the input.
    """
    joins(client, room)
    for text in ("one", "two"):
        client.types("")
        client.types("")
        client.types(text)
        room.gets(said(text))


@after(test_empty_line_is_not_sent)
def test_line_of_blanks(client, room):
    """06.2 A line of blanks is sent, or taken for an empty one; it is not the end

    " ".split() is an empty list, which has no first word.
    """
    joins(client, room)
    for blanks, text in ((" ", "one"), (" \t ", "two")):
        client.types(blanks)
        client.types(text)
        if room.gets_one_of(said(text), said(blanks), said("")) != said(text):
            room.gets(said(text))


@after(test_line_is_sent)
def test_only_quit_quits(client, room):
    """06.2 A line in which /quit is only a part is no /quit

    Compare the whole line, stripped and in lower case, with "/quit".
    """
    joins(client, room)
    for text in ("how do I /quit", "/quitting is not for me", "/ quit", "/quit now", "/QUIT /quit", "/quit?"):
        client.types(text)
        room.gets(said(text))


def test_quit(client, room):
    """06.3 /quit sends leave, closes the connection and ends the program with exit code 0 within two seconds

    First the leave, then the end of the connection. close() does not wake a thread that
    waits in recv(), and the server, which may say nothing, does not either:
    sock.shutdown(socket.SHUT_RDWR) does. Then join the thread.
    """
    joins(client, room)
    client.comes_to_rest()
    client.types("/quit")
    client.ends(within=2, code=0)
    room.gets(LEAVE)
    room.gets_the_end()


@after(test_quit)
def test_quit_in_any_case(client, room):
    """06.3 /quit in any case and with spaces around it is /quit

    text.strip().lower() == "/quit"
    """
    for text in ("/QUIT", "  /quit  ", "/qUiT "):
        joins(client, room)
        client.comes_to_rest()
        client.types(text)
        client.ends(within=2, code=0)
        room.gets(LEAVE)
        room.gets_the_end()


@after(test_quit, test_line_is_sent)
def test_quit_after_a_line(client, room):
    """06.3 What was typed before /quit has been sent before leave

    Send in the order of typing, from one thread, and close only after that.
    """
    joins(client, room)
    client.comes_to_rest()
    for text in ("one", "two", "three"):
        client.types(text)
    client.types("/quit")
    client.ends(within=2, code=0)
    for text in ("one", "two", "three"):
        room.gets(said(text))
    room.gets(LEAVE)
    room.gets_the_end()


@after(test_quit_after_a_line)
def test_quit_after_a_line_that_is_late(client, room):
    """06.3 What was typed before /quit has been sent before leave, also when the thread that sends it is late

    If a thread of its own sends what was typed, it must send the leave, too: in the order
    of typing, by one thread.
    """
    joins(client, room)
    client.comes_to_rest()
    with Hold(client.program, "send", room) as hold:
        client.types("my last word")
        held = any(one["thread"] for one in hold.caught(client.stands_still))
        if held:
            client.types("/quit")
            client.program.watch_until(lambda: room.has_something() or client.stands_still(), 1)
    if not held:  # one that does not wait in a send, but for room, comes to the next line meanwhile
        client.types("/quit")
    client.ends(code=0)
    room.gets(said("my last word"))
    room.gets(LEAVE)


def test_end_of_input(client, room):
    """06.3 The end of the input sends leave, closes the connection and ends the program with exit code 0

    input() raises EOFError at the end of the input (Ctrl-D; on Windows Ctrl-Z and Enter),
    `for line in sys.stdin` just ends: then do what /quit does.
    """
    joins(client, room)
    client.comes_to_rest()
    client.ends_the_input()
    client.ends(within=2, code=0)
    room.gets(LEAVE)
    room.gets_the_end()


@after(test_line_is_sent, test_end_of_input)
def test_last_line_without_a_newline(client, room):
    """06.3 The end of the input takes nothing from a last line without a newline: it is sent whole, or not at all

    Take a newline off, not the last character: line.rstrip("\\n") or
    line.removesuffix("\\n") instead of line[:-1].
    """
    joins(client, room)
    client.comes_to_rest()
    client.types("the end", ending="")
    client.ends_the_input()
    room.gets_one_of(said("the end"), LEAVE)


def test_no_server(client, room):
    """06.4 No server: a clear line and an exit code other than 0, no traceback

    create_connection() raises an OSError (ConnectionRefusedError): catch it there.
    sys.exit("some words") prints them and ends with exit code 1.
    """
    client.starts("alice")
    room.gets(JOIN)
    usual = client.is_stopped()
    client.starts_without_a_server("alice")
    client.ends_with_an_error()
    client.has_no_traceback()
    client.says_more_than(usual)


def server_is_gone(client, how):
    """What is to be seen when the server has gone."""
    client.says_something(f"the server {how}")
    client.settles()
    client.types("anyone?")
    client.ends()
    client.has_no_traceback()


def test_server_closes(client, room):
    """06.4 The server closes: a clear line at once, and the program ends at the next line typed at the latest

    recv_json() returns None then. Say so in the listener thread, and let the main thread
    know: a first send to a server that has gone succeeds, so ask for yourself.
    """
    joins(client, room)
    client.comes_to_rest()
    room.closes()
    server_is_gone(client, "closes the connection")


def test_server_resets(client, room):
    """06.4 The server breaks off: a clear line at once, and the program ends at the next line typed at the latest

    A reset is an OSError out of recv(), and out of sendall() as well: catch both.
    """
    joins(client, room)
    client.comes_to_rest()
    room.resets()
    server_is_gone(client, "breaks off with a reset")


def test_server_closes_inside_a_message(client, room):
    """06.4 The server goes away inside a message: a clear line at once, and no traceback

    The begun line is no message; recv_json() returns None as at any other end.
    """
    joins(client, room)
    client.comes_to_rest()
    room.says_half_a_message()
    room.closes()
    server_is_gone(client, "closes the connection inside a message")

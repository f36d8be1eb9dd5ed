"""The scripted clients with a nick: they join, say and hear, alone (lesson 04) and in a room (lesson 05 and later)."""

from .clients import WAIT, Later
from .messages import Messenger, line
from .story import cut, shown


ODD = "out of order, or something is lost"
OUTBOXES = 10  # the lesson from which on each member has one
IN_OUTBOX = "One thread takes from an outbox, the oldest first, and sends all of a message before it takes the next; what was put in stays until then."


class Member(Messenger):
    """A client that joins and chats, and hears itself (lesson 04)."""

    nick = None

    def joins(self, nick=None, saying=None):
        """Ask to join and expect a system message with the nick, as it is once stripped; with `saying` say that in the same piece."""
        nick = self.name if nick is None else nick
        messages = [{"type": "join", "user": nick}, *([] if saying is None else [{"type": "chat", "text": saying}])]
        self.sends_bytes(b"".join(map(line, messages)))
        self.is_told_of(nick.strip(), f"{self}'s join is answered by a system message with the nick {nick.strip()!r}")
        self.nick = nick.strip()
        return self

    def says(self, text):
        self.sends({"type": "chat", "text": text})

    def leaves(self):
        self.sends({"type": "leave"})

    def _understood(self, data, offset):
        message = super()._understood(data, offset)
        for kind, fields in (("chat", ("user", "text")), ("system", ("text",))):
            for field in fields:
                if message.get("type") == kind and not isinstance(message.get(field), str):
                    raise self.server.failure(f'{self} got a {kind} message without a string in "{field}": {shown(data)}',
                                              f"a {kind} message has {' and '.join(fields)}", client=self, offset=offset)
        return message

    def hears(self, who, text):
        """Expect this chat message; it must be the next chat message that comes."""
        self.hears_one_of(who, (text,))

    def hears_one_of(self, who, texts):
        """Expect a chat message with one of these texts as the next chat message, and return its text."""
        should = f"{self} hears {' or '.join(cut(repr(text)) for text in texts)} from {who}"
        offset, got = self._next_chat(should)
        if got["user"] != nick_of(who) or got["text"] not in texts:
            raise self.server.failure(self._heard_wrong(got, nick_of(who), texts), should, client=self, offset=offset)
        return got["text"]

    def _next_chat(self, should):
        return self.next_message(should, is_chat, Later(lambda: self._not_heard(f"no chat message came to {self}")))

    def hears_nothing_before(self, who, text, but=()):
        """Expect this chat message, and none before it but with one of these texts."""
        should = f"{self} hears {cut(repr(text))} from {who}, and nothing that was said before"
        while True:
            offset, got = self._next_chat(should)
            if got["text"] == text:
                return
            if got["text"] not in but:
                raise self.server.failure(self._heard_wrong(got, nick_of(who), (text,)), should, client=self, offset=offset)

    def hears_from(self, who, text):
        """Expect this chat message; it must be the next one that comes from this member."""
        should, nick = f"{self} hears {cut(text)!r} as the next message from {who}", nick_of(who)
        offset, got = self.next_message(should, lambda message: is_chat(message) and message["user"] == nick,
                                        Later(lambda: self._not_heard(f"{cut(repr(text))} from {who} did not come to {self}")))
        if got["text"] != text:
            raise self.server.failure(f"{self} heard {cut(got['text'])!r} from {who} first: {ODD}", should, client=self, offset=offset, hint=self._in_order())

    def hears_all(self, who, texts, unless=lambda: False):
        """Expect these chat messages as the next ones from this member, or as many of them as come until unless() is true."""
        should, nick, mine = f"{self} hears {len(texts):,} messages from {who} in order", nick_of(who), []

        def come():
            self._sort()
            mine[:] = [entry for entry in self.inbox if is_chat(entry[1]) and entry[1]["user"] == nick][:len(texts)]
            return len(mine) == len(texts) or any(entry[1]["text"] != text for entry, text in zip(mine, texts)) or unless()

        self.waits(come, should, Later(lambda: self._not_heard(f"{f'only {len(mine):,}' if mine else 'none'} of {len(texts):,} messages from {who} came to {self}")))
        for (offset, message), text in zip(mine, texts):
            if message["text"] != text:
                raise self.server.failure(f"{self} heard {cut(message['text'])!r} from {who} and not {cut(text)!r}: {ODD}",
                                          should, client=self, offset=offset, hint=self._in_order())
        taken = {offset for offset, _ in mine}
        self.inbox[:] = [entry for entry in self.inbox if entry[0] not in taken]

    def hears_unless_cut_off(self, who, text):
        """Expect this chat message as the next one from this member, or the end of the connection; return whether it came."""
        should, nick = f"{self} hears {cut(text)!r} as the next message from {who}, or is disconnected", nick_of(who)

        def mine(message):
            return is_chat(message) and message["user"] == nick

        def decided():
            self._sort()
            return self.end or any(mine(message) for _, message in self.inbox)

        self.waits(decided, should, Later(lambda: self._not_heard(f"{cut(repr(text))} from {who} did not come to {self}")))
        entry = next((entry for entry in self.inbox if mine(entry[1])), None)
        if entry and entry[1]["text"] != text:
            raise self.server.failure(f"{self} heard {cut(entry[1]['text'])!r} from {who} and not {cut(text)!r}: {ODD}",
                                      should, client=self, offset=entry[0], hint=self._in_order())
        if entry:
            self.inbox.remove(entry)
        return bool(entry)

    def _in_order(self):
        """The hint when messages come in another order, or not all; None if there is a better one."""
        is_known = self.server.program.uncaught or self.server.program.stuck
        return IN_OUTBOX if self.server.number >= OUTBOXES and not is_known else None

    def is_cut_off(self):
        """Expect that the server has ended the connection, wherever it was then."""
        self.waits(lambda: self.end, f"the server closes {self}'s connection", f"the server did not close {self}'s connection")

    def _not_heard(self, otherwise):
        odd = [message for _, message in self.inbox if message.get("type") not in ("chat", "system")]
        if odd:
            return f"{otherwise}, but {shown(line(odd[0]))}, whose type the contract does not know"
        told = [message for _, message in self.inbox if message.get("type") == "system"]
        return f"{otherwise}, only the system message {told[-1]['text']!r}" if told else otherwise

    def _heard_wrong(self, got, who, texts):
        if got["text"] in texts:
            return f"{self} heard {cut(repr(got['text']))} from {got['user']!r}, but {who} said it"
        if got["user"] == self.nick and who != self.nick:
            return f"{self} heard back what {self} had said: {shown(line(got))}"
        return f"{self} heard something else first: {cut(repr(got['text']))} from {got['user']!r}"

    def is_told(self, should, about=""):
        """Expect a system message that contains `about`; return it with its offset."""
        return self.next_message(should, lambda message: message.get("type") == "system" and about in message["text"],
                                 Later(lambda: self._not_told(about)))

    def _not_told(self, about):
        told = f"no system message{f' with {about!r} in it' if about else ''} came to {self}"
        return f"{told}, but {shown(line(self.inbox[-1][1]))}" if self.inbox else told

    def is_told_of(self, who, should=None):
        """Expect a system message that contains this nick; return its text. One that names somebody else first may be about him: another one goes before it."""
        nick = nick_of(who)
        with self.server.pointing_to_the_end_of(who):
            named = self.is_told(should or f"{self} gets a system message with {nick!r} in it", nick)
        others = {client.nick for client in self.server.clients if client.nick and client is not self}

        def is_about(text):
            return not any(0 <= text.find(other) < text.find(nick) for other in others)

        def better():
            self.takes()
            self._sort()
            return [entry for entry in self.inbox if entry[1].get("type") == "system" and nick in entry[1]["text"] and is_about(entry[1]["text"])]

        if not is_about(named[1]["text"]):
            self.server.waits_until(lambda: better() or self.server.is_idle(self), 1)
            for entry in better()[:1]:
                self.inbox[:] = sorted((each for each in [named, *self.inbox] if each is not entry), key=lambda each: each[0])
                named = entry
        return named[1]["text"]

    def is_refused(self, message, what):
        """Send a message that the server must refuse, and expect a system message as its answer."""
        self.forgets_system_messages()
        self.sends(message)
        self.is_told(f"{what} is answered by a system message, and the connection stays usable")

    def forgets_system_messages(self):
        """Put away the system messages about what has been until now."""
        self.catches_up()
        self.inbox[:] = [entry for entry in self.inbox if entry[1].get("type") != "system"]

    def catches_up(self):
        """Take in all that has come."""
        self.takes()
        self._sort()

    def was_told_nothing(self, because, about="", more=""):
        """Fail if a (`more`) system message (about somebody) has come; a fence must have come before."""
        for offset, text in self.system_messages(about):
            raise self.server.failure(f"{self} got {more or 'the'} system message {text!r}", because, client=self, offset=offset)

    def system_messages(self, about=""):
        """The system messages in the inbox that contain `about`: [(offset, text)]."""
        self._sort()
        return [(offset, message["text"]) for offset, message in self.inbox
                if message.get("type") == "system" and about in message["text"]]

    def speaks(self, size=0):
        if self.nick is None:
            self.joins()
        self.tokens += 1
        self.token = f"{self.name}-{self.tokens}-" + "x" * size
        self.says(self.token)

    def exactly(self, size):
        # By white space: the answer, which names the sender, must not be longer than a message may be.
        if self.nick is None:
            self.joins()
        self.tokens += 1
        self.token = f"{self.name}-{self.tokens}-"
        start, end = b'{"type": "chat",', f'"text": "{self.token}"}}\n'.encode()
        return start + b" " * (size - len(start) - len(end)) + end

    def may_come_last(self, message):
        return message.get("type") == "system"

    def gets_end(self, reset_is_fine=False, after_system=True):
        super().gets_end(reset_is_fine)  # a goodbye is no reply, so after_system it is

    def hears_back(self):
        self.is_heard_saying(self.nick, self.token)

    def hears_back_at_last(self):
        self.hears_at_last(self, self.token)
        self.inbox.clear()

    def hears_at_last(self, who, text):
        """Expect this chat message, whatever is said before."""
        self.next_message(f"{self} hears {cut(repr(text))} from {who}", lambda message: is_chat(message) and message["text"] == text,
                          Later(lambda: self._not_heard(f"{cut(repr(text))} from {who} did not come to {self}")))

    def is_heard_as(self, nick):
        """Say something and expect it to be heard, under this nick."""
        self.tokens += 1
        text = f"{self.name}-{self.tokens}-"
        self.says(text)
        self.is_heard_saying(nick, text)

    def is_heard_saying(self, nick, text):
        """Expect this, where this client's chats are heard: at itself."""
        self.hears(nick, text)


NICK_COMES_FIRST = 7  # from this lesson on nobody can be welcomed before it is in the room


class RoomMember(Member):
    """A client in the room: what it says, the others hear (lesson 05 and later)."""

    def __init__(self, server, name, **options):
        super().__init__(server, name, **options)
        self.news = []  # nicks of those who have joined since, of whom it has not been told yet

    def joins(self, nick=None, **more):
        nick = self._new_nick() if nick is None else nick
        for member in self.server.clients:
            if member.nick and member is not self:
                member.news.append(nick.strip())
        super().joins(nick, **more)
        if self.server.number < NICK_COMES_FIRST:
            self.server.is_through_with(self)
        return self

    def _new_nick(self):
        """The name; with a number, if somebody had it before: his nick may become free a little later than his connection ends."""
        before = sum(client.name == self.name for client in self.server.clients if client is not self)
        return f"{self.name}-{before + 1}" if before else self.name

    def _sort(self):
        known = len(self.inbox)
        super()._sort()
        for _, message in self.inbox[known:] if self.news else ():
            told = [nick for nick in self.news if message.get("type") == "system" and nick in message["text"]]
            if told:
                self.news.remove(told[0])

    def catches_up(self):
        """Take in all that has come, and wait for the news of those who have joined, unless the server rests without telling it."""
        super().catches_up()
        if self.news and self.reads and not self.end:
            self.server.waits_until(lambda: super(RoomMember, self).catches_up() or not self.news or self.end or self.server.is_idle(self), WAIT)
            self.news.clear()

    def may_come_last(self, message):
        return super().may_come_last(message) or is_chat(message)

    def is_heard_saying(self, nick, text):
        self.server.witness.hears(nick, text)

    def hears_back_at_last(self):
        self.server.witness.hears_at_last(self, self.token)

    def asks_for(self, nick):
        """Ask to join, and wait for nothing."""
        self.nick = nick
        self.sends({"type": "join", "user": nick})

    def is_in(self):
        """Say something, and return whether the room hears it; a stranger's chat is answered by a system message."""
        self.server.is_through_with(self)
        self.forgets_system_messages()
        witness, text = self.server.witness, f"{self} is in"
        self.says(text)

        heard = False

        def decided():
            nonlocal heard
            heard = heard or witness.takes_chat(text)
            return heard or self.has_something() and self.system_messages()

        self.waits(decided, f"what {self} says is heard, or answered by a system message",
                   f"what {self} said was neither heard nor answered", beside=[witness])
        if not heard:  # the system message may have been about something else
            self.server.waits_until(self.server.stands_still, WAIT)
        return heard or witness.takes_chat(text)

    def takes_chat(self, text):
        """Has this been heard? If so, put it away with the chats before it."""
        self.takes()
        self._sort()
        at = next((number for number, (_, message) in enumerate(self.inbox) if is_chat(message) and message["text"] == text), None)
        if at is not None:
            self.inbox[:at + 1] = [entry for entry in self.inbox[:at] if not is_chat(entry[1])]
        return at is not None


def nick_of(who):
    return getattr(who, "nick", who)


def is_chat(message):
    return message.get("type") == "chat"

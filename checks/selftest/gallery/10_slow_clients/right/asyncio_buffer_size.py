"""asyncio, and its own write buffer is the outbox: who has more than 1 MiB in it is aborted."""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
MOST = 1 << 20


class Member(asyncio.Protocol):
    members = {}

    def connection_made(self, transport):
        self.transport, self.nick, self.rest = transport, None, b""

    def data_received(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if self.transport.is_closing():
                return
            try:
                obj = json.loads(line.decode()) if len(line) < MAX_LINE else None
            except (ValueError, RecursionError):
                obj = None
            self.obey(obj)
        if len(self.rest) >= MAX_LINE:
            self.go()

    def obey(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if self.members.setdefault(user.strip(), self) is self:
                    self.nick = user.strip()
                    self.to_all(type="system", text=f"+ {self.nick}")
                else:
                    self.write(type="system", text=f"! {user.strip()}")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                self.to_all(but=self, type="chat", user=self.nick, text=text)
            case dict() if obj.get("type") != "leave":
                self.write(type="system", text="?")
            case _:
                self.go()

    def write(self, **obj):
        if not self.transport.is_closing():
            self.transport.write(json.dumps(obj).encode() + b"\n")
            if self.transport.get_write_buffer_size() > MOST:
                self.transport.abort()

    def to_all(self, but=None, **obj):
        for member in list(self.members.values()):
            if member is not but:
                member.write(**obj)

    def go(self):
        self.take_out()
        self.transport.close()

    def take_out(self):
        if self.members.get(self.nick) is self:
            del self.members[self.nick]
            self.to_all(type="system", text=f"- {self.nick}")

    def connection_lost(self, error):
        self.take_out()


async def main():
    server = await asyncio.get_running_loop().create_server(Member, HOST, PORT)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

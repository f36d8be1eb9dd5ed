"""No threads and no lock: an asyncio Protocol for each client, and transports that keep what cannot be sent yet."""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

members = {}  # nick -> Client


class Client(asyncio.Protocol):
    nick = None

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        try:
            for line in lines:
                if not self.transport.is_closing():
                    self.on_line(line)
            if len(self.buffer) >= MAX_LINE:
                raise ValueError("line too long")
        except (ValueError, RecursionError) as error:
            print(self.nick, repr(error))
            self.leave()

    def eof_received(self):
        self.leave()

    def connection_lost(self, error):
        self.leave()

    def on_line(self, line):
        if len(line) >= MAX_LINE:
            raise ValueError("line too long")
        obj = json.loads(line.decode())
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32:
                if user.strip() in members:
                    self.send(type="system", text=f"{user.strip()} is connected already")
                else:
                    self.nick = user.strip()
                    members[self.nick] = self
                    to_all(type="system", text=f"{self.nick} is connected")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                to_all(but=self, type="chat", user=self.nick, text=text)
            case {"type": "leave"}:
                self.leave()
            case dict():
                self.send(type="system", text="protocol error")
            case _:
                raise ValueError("not an object")

    def send(self, **obj):
        self.transport.write(json.dumps(obj).encode() + b"\n")

    def leave(self):
        if members.get(self.nick) is self:
            del members[self.nick]
            to_all(type="system", text=f"{self.nick} is disconnected")
        self.transport.close()  # when all was written


def to_all(but=None, **obj):
    for member in members.values():
        if member is not but:
            member.send(**obj)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Client, HOST, PORT)
    print("serving", *(sock.getsockname() for sock in server.sockets))
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

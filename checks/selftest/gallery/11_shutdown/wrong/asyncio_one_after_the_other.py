"""asyncio: cancels a task, waits for its end, and goes on to the next.

fails: 11.2
says: the server still runs
"""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536
BOUND = 400
room, clients = {}, set()


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer, self.nick = reader, writer, None
        self.outbox = asyncio.Queue(BOUND)

    def put(self, **obj):
        try:
            self.outbox.put_nowait(json.dumps(obj).encode() + b"\n")
        except asyncio.QueueFull:
            self.writer.transport.abort()

    async def sends(self):
        with contextlib.suppress(OSError):
            while data := await self.outbox.get():
                self.writer.write(data)
                await self.writer.drain()
            self.writer.close()
            await self.writer.wait_closed()

    async def reads(self):
        with contextlib.suppress(OSError, ValueError, RecursionError):
            async for line in self.reader:
                if not line.endswith(b"\n"):
                    break
                obj = json.loads(line.decode())
                if not isinstance(obj, dict) or obj.get("type") == "leave":
                    break
                self.handles(obj)

    def handles(self, obj):
        match obj:
            case {"type": "join", "user": str(user)} if self.nick is None and 1 <= len(user.strip()) <= 32 and user.strip() not in room:
                self.nick = user.strip()
                room[self.nick] = self
                for client in room.values():
                    client.put(type="system", text=f"+ {self.nick}")
            case {"type": "join", "user": str(user)} if self.nick is None:
                self.put(type="system", text=f"not {user.strip()[:40]}")
            case {"type": "chat", "text": str(text)} if self.nick is not None:
                for client in room.values():
                    if client is not self:
                        client.put(type="chat", user=self.nick, text=text)
            case _:
                self.put(type="system", text="?")

    async def lives(self):
        clients.add(self)
        sending = asyncio.create_task(self.sends())
        try:
            await self.reads()
        finally:
            if room.pop(self.nick, None):
                for client in room.values():
                    client.put(type="system", text=f"- {self.nick}")
            clients.discard(self)
            with contextlib.suppress(asyncio.QueueFull):
                self.outbox.put_nowait(b"")
            await asyncio.wait([sending], timeout=1)
            self.writer.transport.abort()


async def main():
    tasks = set()

    def comes(reader, writer):
        task = asyncio.create_task(Client(reader, writer).lives())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(comes, HOST, PORT, limit=MAX_LINE - 1)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        for client in clients:
            client.put(type="system", text="good night")
        room.clear()
        for task in list(tasks):
            task.cancel()
            await asyncio.wait([task])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())  # <--

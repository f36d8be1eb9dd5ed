"""asyncio: await drain() for each receiver, in the task of the one who speaks.

fails: 10.1 10.2
says: messages from alice came to walter
"""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

outboxes = {}  # nick -> Outbox


class Outbox:
    def __init__(self, writer):
        self.writer, self.queue = writer, asyncio.Queue(500)
        self.task = asyncio.create_task(self.empty())

    def put(self, obj):
        try:
            self.queue.put_nowait(json.dumps(obj).encode() + b"\n")
        except asyncio.QueueFull:
            self.writer.transport.abort()

    async def empty(self):
        with contextlib.suppress(OSError):
            while True:
                self.writer.write(await self.queue.get())
                await self.writer.drain()
                self.queue.task_done()

    async def close(self):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.queue.join(), 0.5)
        self.task.cancel()
        self.writer.transport.abort() if self.queue.qsize() else self.writer.close()


async def put_all(obj, but=None):
    for nick, outbox in list(outboxes.items()):
        if nick != but:
            with contextlib.suppress(OSError):
                outbox.writer.write(json.dumps(obj).encode() + b"\n")
                await outbox.writer.drain()  # <--


async def client(reader, writer):
    writer.transport.set_write_buffer_limits(4096)
    outbox, nick = Outbox(writer), None
    try:
        while line := await reader.readline():
            if not line.endswith(b"\n") or not isinstance(obj := json.loads(line.decode()), dict):
                break
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if user.strip() in outboxes:
                        outbox.put({"type": "system", "text": "somebody else has that nick"})
                    else:
                        nick = user.strip()
                        outboxes[nick] = outbox
                        await put_all({"type": "system", "text": f"{nick} tuned in"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    await put_all({"type": "chat", "user": nick, "text": text}, but=nick)
                case {"type": "leave"}:
                    break
                case _:
                    outbox.put({"type": "system", "text": "static"})
    except (OSError, ValueError, RecursionError):
        pass
    finally:
        if nick is not None:
            del outboxes[nick]
            await put_all({"type": "system", "text": f"{nick} tuned out"})
        await outbox.close()


async def main():
    server = await asyncio.start_server(client, HOST, PORT, limit=MAX_LINE - 1)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

"""No threads at all: asyncio streams, one task a client."""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

room = {}  # writer -> nick


async def send(writers, **obj):
    data = json.dumps(obj).encode() + b"\n"
    writers = list(writers)
    for writer in writers:  # first to all, so that nothing comes between
        writer.write(data)
    for writer in writers:
        with contextlib.suppress(OSError):
            await writer.drain()


async def converse(reader, writer):
    nick = None
    while line := await reader.readline():
        if len(line) > MAX_LINE or not line.endswith(b"\n"):
            return
        obj = json.loads(line.decode())
        if not isinstance(obj, dict):
            return
        match obj:
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                nick = room[writer] = user.strip()
                await send(room, type="system", text=f"{nick} connected")
            case {"type": "chat", "text": str(text)} if nick is not None:
                await send([w for w in room if w is not writer], type="chat", user=nick, text=text)
            case {"type": "leave"}:
                return
            case _:
                await send([writer], type="system", text="you cannot do this")


async def client(reader, writer):
    try:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            await converse(reader, writer)
    finally:
        nick = room.pop(writer, None)
        writer.close()
        if nick is not None:
            await send(room, type="system", text=f"{nick} disconnected")


async def main():
    server = await asyncio.start_server(client, HOST, PORT, limit=MAX_LINE - 1)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

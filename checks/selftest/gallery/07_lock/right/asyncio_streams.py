"""No threads and no lock: asyncio, where nothing comes between two lines without an await."""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

room = {}  # nick -> writer


def write(writer, **obj):
    writer.write(json.dumps(obj).encode() + b"\n")


def announce(text):
    for writer in room.values():
        write(writer, type="system", text=text)


async def read(reader):
    """Return the next message, None at the end. Raises ValueError."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        return None
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not an object")
    return obj


async def converse(reader, writer):
    nick = None
    try:
        while (obj := await read(reader)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if user.strip() in room:
                        write(writer, type="system", text=f"{user.strip()} is taken")
                    else:
                        nick = user.strip()
                        room[nick] = writer
                        announce(f"{nick} joined")
                case {"type": "chat", "text": str(text)} if nick is not None:
                    others = [other for other in room.values() if other is not writer]
                    for other in others:
                        write(other, type="chat", user=nick, text=text)
                    for other in others:
                        with contextlib.suppress(OSError):
                            await other.drain()
                case {"type": "leave"}:
                    return
                case _:
                    write(writer, type="system", text="you cannot do this")
    finally:
        if nick is not None:
            del room[nick]
            announce(f"{nick} left")
        writer.close()


async def handle_client(reader, writer):
    with contextlib.suppress(OSError, ValueError, RecursionError, asyncio.CancelledError):
        await converse(reader, writer)


async def main():
    server = await asyncio.start_server(handle_client, HOST, PORT, limit=MAX_LINE - 1)
    print("listening on", server.sockets[0].getsockname())
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

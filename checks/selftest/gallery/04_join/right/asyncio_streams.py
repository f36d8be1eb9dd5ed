"""asyncio streams, whose limit counts the line without its newline."""

import asyncio
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


async def send(writer, **message):
    writer.write(json.dumps(message).encode() + b"\n")
    await writer.drain()


async def serve(reader, writer):
    nick = None
    while (line := await reader.readline()).endswith(b"\n"):
        match json.loads(line.decode()):
            case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                nick = user.strip()
                await send(writer, type="system", text=f"welcome, {nick}")
            case {"type": "chat", "text": str(text)} if nick is not None:
                await send(writer, type="chat", user=nick, text=text)
            case {"type": "leave"}:
                break
            case dict():
                await send(writer, type="system", text="refused")
            case _:
                break


async def handle_client(reader, writer):
    try:
        await serve(reader, writer)
    except (OSError, ValueError) as e:
        print(e)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(handle_client, HOST, PORT, limit=MAX_LINE - 1)
    print("listening on", server.sockets[0].getsockname())
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("stopped")

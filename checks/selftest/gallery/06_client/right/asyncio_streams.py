"""One thread, asyncio streams for the connection, and standard input as a pipe to read from."""

import asyncio
import json
import sys


async def keyboard():
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def show(reader):
    async for line in reader:
        message = json.loads(line)
        if message.get("type") == "chat":
            print(message["user"], message["text"], sep=": ")
        elif message.get("type") == "system":
            print(message["text"])


async def talk(typed, writer):
    async for line in typed:
        text = line.decode().rstrip("\n")
        if text.strip().casefold() == "/quit":
            break
        if text:
            writer.write(json.dumps({"type": "chat", "text": text}).encode() + b"\n")
            await writer.drain()
    writer.write(b'{"type": "leave"}\n')
    await writer.drain()


async def main():
    typed = await keyboard()
    print("Your nick?")
    nick = (await typed.readline()).decode().strip()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", 9090, limit=1 << 20)
    except OSError as error:
        print("Cannot reach the chat server:", error)
        return 1
    writer.write(json.dumps({"type": "join", "user": nick}).encode() + b"\n")
    listening = asyncio.create_task(show(reader))
    talking = asyncio.create_task(talk(typed, writer))
    done, rest = await asyncio.wait([listening, talking], return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    gone = listening in done
    for task in done:
        gone = isinstance(task.exception(), OSError) or gone
    if gone:
        print("The server has closed the connection.")
    writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

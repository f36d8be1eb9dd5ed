"""asyncio for the connection; a chat of which nothing is left when it is stripped gets another text.

fails: 06.1
says: client.py printed 'bob: (says nothing)' and not 'bob:'
"""
import asyncio
import json
import os
import sys

HOST, PORT = "127.0.0.1", 9090


def said(message):
    text = message.get("text", "").strip() or "(says nothing)"
    return f"{message.get('user')}: {text}"


async def hear(reader):
    while line := await reader.readline():
        try:
            message = json.loads(line)
        except ValueError:
            return
        if message.get("type") == "chat":
            print(said(message), flush=True)
        elif message.get("type") == "system":
            print(message.get("text"), flush=True)


async def speak(writer):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        text = line.rstrip("\n")
        if text.strip().lower() == "/quit":
            return
        if text:
            writer.write(json.dumps({"type": "chat", "text": text}).encode() + b"\n")
            await writer.drain()


async def main():
    nick = input("nick: ")
    try:
        reader, writer = await asyncio.open_connection(HOST, PORT, limit=1 << 17)
    except OSError as error:
        sys.exit(f"no server: {error}")
    writer.write(json.dumps({"type": "join", "user": nick}).encode() + b"\n")
    hearing, speaking = asyncio.create_task(hear(reader)), asyncio.create_task(speak(writer))
    await asyncio.wait([hearing, speaking], return_when=asyncio.FIRST_COMPLETED)  # <--
    if hearing.done():
        print("the server has closed the connection", flush=True)
        os._exit(0)  # nothing wakes a thread that reads standard input
    writer.write(b'{"type": "leave"}\n')
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())

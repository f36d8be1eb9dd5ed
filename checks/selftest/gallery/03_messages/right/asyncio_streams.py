"""asyncio streams, whose limit counts the line without its newline."""

import asyncio
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


async def handle_client(reader, writer):
    try:
        while (line := await reader.readline()).endswith(b"\n"):
            obj = json.loads(line.decode())
            if not isinstance(obj, dict):
                break
            writer.write(json.dumps(obj).encode() + b"\n")
            await writer.drain()
    except (OSError, ValueError) as e:  # readline raises ValueError over the limit
        print(e)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(handle_client, HOST, PORT, limit=MAX_LINE - 1)
    print("serving on", server.sockets[0].getsockname())
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass

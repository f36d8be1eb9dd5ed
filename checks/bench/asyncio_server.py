"""The chat of lesson 11 once more, without threads: asyncio's streams, to compare with.

Everything runs in one thread, and only at an `await` does another client get its turn.
So nothing needs a lock, and the transport that asyncio keeps for each client is its
outbox: write() adds to it and never waits.
"""

import asyncio
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536  # bytes, with the newline
OUTBOX = 1 << 20  # bytes that may wait for one client; whoever lets more pile up is disconnected
GRACE = 0.5  # seconds in which a client that leaves may still take what waits for it

clients = {}  # the members: writer -> nick


def system(text):
    """Return a message from the server itself."""
    return {"type": "system", "text": text}


def post(writers, obj):
    """Send obj to each of these clients. This never waits."""
    data = json.dumps(obj, ensure_ascii=False).encode() + b"\n"
    for writer in writers:
        writer.write(data)
        if writer.transport.get_write_buffer_size() > OUTBOX:
            writer.transport.abort()  # its own task finds the end of the stream


async def recv_json(reader):
    """Return the next message, or None when the other side has gone. Raises ValueError for what is no message."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        return None
    obj = json.loads(line.decode())
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj


async def handle_client(reader, writer):
    """A client's task: from join to clean-up."""
    nick = None
    try:
        while (obj := await recv_json(reader)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if user.strip() in clients.values():
                        post([writer], system(f"{user.strip()} is taken, try another nick"))
                    else:
                        nick = clients[writer] = user.strip()
                        post(clients, system(f"{nick} has joined"))
                case {"type": "chat", "text": str(text)} if nick is not None:
                    post([other for other in clients if other is not writer], {"type": "chat", "user": nick, "text": text})
                case {"type": "leave"}:
                    break
                case _:
                    post([writer], system("join first, once, with a nick of 1 to 32 characters; then chat"))
    except (OSError, ValueError) as error:
        print(f"{writer.get_extra_info('peername')}: {error}")
    finally:
        if clients.pop(writer, None) is not None:
            post(clients, system(f"{nick} has left"))
        writer.close()  # when all that waits for it has been sent, but no later than after GRACE
        asyncio.get_running_loop().call_later(GRACE, writer.transport.abort)


async def main():
    """Listen, and give each client a task of its own."""
    async with await asyncio.start_server(handle_client, HOST, PORT, limit=MAX_LINE - 1) as server:
        print(f"listening on {HOST}:{PORT}")
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass

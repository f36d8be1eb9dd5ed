"""No threads and no lock: a write that fails makes asyncio end that client's own task, which cleans up."""

import asyncio
import contextlib
import json

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536


class Room:
    def __init__(self):
        self.writers = {}  # nick -> StreamWriter

    def write(self, writer, **obj):
        if not writer.is_closing():
            writer.write(json.dumps(obj).encode() + b"\n")

    def write_to_all(self, but=None, **obj):
        for nick, writer in self.writers.items():
            if nick != but:
                self.write(writer, **obj)

    async def client(self, reader, writer):
        nick = None
        try:
            async for line in reader:
                if not line.endswith(b"\n"):
                    break
                obj = json.loads(line.decode())
                match obj:
                    case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                        if user.strip() in self.writers:
                            self.write(writer, type="system", text=f"{user.strip()} is a member")
                        else:
                            nick = user.strip()
                            self.writers[nick] = writer
                            self.write_to_all(type="system", text=f"{nick} is a member now")
                    case {"type": "chat", "text": str(text)} if nick is not None:
                        self.write_to_all(but=nick, type="chat", user=nick, text=text)
                    case {"type": "leave"}:
                        break
                    case dict():
                        self.write(writer, type="system", text="members only")
                    case _:
                        break
        except (OSError, ValueError, RecursionError, asyncio.CancelledError) as error:
            print(f"{nick}: {error!r}")
        finally:
            if nick is not None:
                del self.writers[nick]
                self.write_to_all(type="system", text=f"{nick} is a member no more")
            writer.close()


async def main():
    await asyncio.start_server(Room().client, HOST, PORT, limit=MAX_LINE - 1)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

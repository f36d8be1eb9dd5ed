"""asyncio for the connection, input() in the executor's thread."""

import asyncio
import json
import sys

HOST, PORT = "127.0.0.1", 9090


class Client:
    def __init__(self):
        self.gone = False

    async def listen(self):
        try:
            while line := await self.reader.readline():
                if not line.endswith(b"\n"):
                    break
                obj = json.loads(line)
                match obj.get("type"):
                    case "chat":
                        print(f'{obj.get("user")}: {obj.get("text")}')
                    case "system":
                        print(obj.get("text"))
        except OSError:
            pass
        self.gone = True
        print("connection lost (press Enter)")

    def put(self, **message):
        self.writer.write((json.dumps(message) + "\n").encode())

    async def run(self):
        loop = asyncio.get_running_loop()
        nick = await loop.run_in_executor(None, input, "nick> ")
        try:
            self.reader, self.writer = await asyncio.open_connection(HOST, PORT, limit=1 << 17)
        except ConnectionError as error:
            sys.exit(str(error))
        self.put(type="join", user=nick)
        listener = asyncio.ensure_future(self.listen())
        while True:
            try:
                text = await loop.run_in_executor(None, input, "")
            except EOFError:
                text = "/quit"
            if self.gone:
                return
            if text.strip().upper() == "/QUIT":
                break
            if text != "":
                self.put(type="chat", text=text)
        listener.cancel()
        self.put(type="leave")
        await self.writer.drain()
        self.writer.close()


asyncio.run(Client().run())

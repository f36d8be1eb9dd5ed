"""The members belong to a loop's thread; who leaves takes himself out in his own thread.

fails: 07.3
says: `self.members`
"""

import asyncio
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Room:
    """No lock: all that happens here happens in the loop's thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.members = {}
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def ask(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def join(self, conn, nick):
        if nick in self.members.values():
            return False
        self.members[conn] = nick
        await self.tell_all(None, {"type": "system", "text": f"{nick} joined"})
        return True

    async def leave(self, conn):
        nick = self.members.pop(conn, None)
        if nick is not None:
            await self.tell_all(None, {"type": "system", "text": f"{nick} left"})

    async def tell_all(self, but, obj):
        for conn in self.members:
            if conn is not but:
                try:
                    send_json(conn, obj)
                except OSError:
                    pass


def handle(room, conn):
    nick, buffer = None, bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
            match obj:
                case {"type": "join", "user": str(user)} if nick is None and 1 <= len(user.strip()) <= 32:
                    if room.ask(room.join(conn, user.strip())):
                        nick = user.strip()
                    else:
                        send_json(conn, {"type": "system", "text": "taken"})
                case {"type": "chat", "text": str(text)} if nick is not None:
                    room.ask(room.tell_all(conn, {"type": "chat", "user": nick, "text": text}))
                case _:
                    send_json(conn, {"type": "system", "text": "not so"})
    except (OSError, ValueError):
        pass
    finally:
        if room.members.pop(conn, None):  # <--
            room.ask(room.tell_all(None, {"type": "system", "text": f"{nick} left"}))
        conn.close()


def main():
    room = Room()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=handle, args=(room, conn), daemon=True).start()


main()

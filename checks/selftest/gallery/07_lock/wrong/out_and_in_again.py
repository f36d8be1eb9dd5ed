"""A join takes a former nick out first; a second join puts it back after it has been refused, and meanwhile it is free.

fails: 07.1
says: another one was let in as 'alice', while a second join of alice was served
"""
import socket
import threading

from utils import recv_json, send_json


class NickServer(object):

    def __init__(self):
        self.lock = threading.Lock()
        self.nicks = {}

    def tellAll(self, obj, exceptFor=None):
        with self.lock:
            for c in self.nicks:
                if c != exceptFor:
                    try:
                        send_json(c, obj)
                    except OSError:
                        pass

    def refuse(self, c, why):
        send_json(c, {"type": "system", "text": why})

    def cmdJoin(self, c, obj):
        user = obj.get("user")
        if not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            self.refuse(c, "a nick has 1 to 32 characters")
            return
        user = user.strip()
        # somebody who is in already must not find himself when we look for the nick
        with self.lock:  # <--
            old = self.nicks.pop(c, None)
            taken = user in self.nicks.values()
            if old is None and not taken:
                self.nicks[c] = user
        if old is not None:
            self.refuse(c, "you are in already, " + old)
            with self.lock:
                self.nicks[c] = old
        elif taken:
            self.refuse(c, user + " is in already")
        else:
            self.tellAll({"type": "system", "text": user + " is in"})

    def cmdChat(self, c, obj):
        with self.lock:
            nick = self.nicks.get(c)
        text = obj.get("text")
        if nick is None or not isinstance(text, str):
            self.refuse(c, "you cannot say this")
        else:
            self.tellAll({"type": "chat", "user": nick, "text": text}, c)

    def work(self, c):
        buf = bytearray()
        try:
            while True:
                obj = recv_json(c, buf)
                if obj is None:
                    break
                cmd = obj.get("type")
                if cmd == "join":
                    self.cmdJoin(c, obj)
                elif cmd == "chat":
                    self.cmdChat(c, obj)
                elif cmd == "leave":
                    break
                else:
                    self.refuse(c, "what?")
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                nick = self.nicks.pop(c, None)
            if nick is not None:
                self.tellAll({"type": "system", "text": nick + " is out"})
            c.close()

    def serve(self):
        s = socket.create_server(("127.0.0.1", 9090))
        while True:
            c, _ = s.accept()
            threading.Thread(target=self.work, args=(c,), daemon=True).start()


NickServer().serve()

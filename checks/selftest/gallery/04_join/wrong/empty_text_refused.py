"""Refuses an empty text, which counts as false.

fails: 04.2
says: no chat message came to alice, only the system message 'no'
"""

import socket, threading
from utils import recv_json, send_json
def client(c, a):
    b = bytearray(); nick = None
    with c:
        try:
            while (m := recv_json(c, b)) is not None:
                user, text = m.get("user"), m.get("text")
                if m.get("type") == "join" and not nick and isinstance(user, str) and user.strip() and len(user.strip()) <= 32:
                    nick = user.strip()
                    send_json(c, {"type": "system", "text": "hello, " + nick})
                elif m.get("type") == "chat" and nick and text and isinstance(text, str):
                    send_json(c, {"type": "chat", "user": nick, "text": text})
                elif m.get("type") == "leave": break
                else: send_json(c, {"type": "system", "text": "no"})  # <--
        except (OSError, ValueError): pass
s = socket.create_server(("127.0.0.1", 9090))
while 1: threading.Thread(target=client, args=s.accept(), daemon=True).start()

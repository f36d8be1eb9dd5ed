"""No main, no guard, star import, globals everywhere, one function, and still right."""
from socket import *
from threading import *
from utils import *
import sys

HOST = "127.0.0.1"; PORT = 9090
s = socket(AF_INET, SOCK_STREAM)
s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
s.bind((HOST, PORT))
s.listen()
users = {}      # number -> [socket, nick]; nick "" = not joined yet
count = 0

def work(n):
    c = users[n][0]
    buf = bytearray()
    def all(msg, me):
        for k in sorted(users.copy()):
            u = users.get(k)
            if u and u[1] != "" and (me or k != n):
                try: send_json(u[0], msg)
                except OSError: pass
    try:
        while 1:
            m = recv_json(c, buf)
            if m == None: break
            t = m.get("type")
            if t == "leave": break
            elif t == "join" and users[n][1] == "" and type(m.get("user")) == str and 1 <= len(m["user"].strip()) <= 32:
                users[n][1] = m["user"].strip()
                all({"type": "system", "text": "new user " + users[n][1]}, True)
            elif t == "chat" and users[n][1] != "" and type(m.get("text")) == str:
                all({"type": "chat", "user": users[n][1], "text": m["text"]}, False)
            else:
                send_json(c, {"type": "system", "text": "ERROR!!!"})
    except Exception as e:
        print("ERROR!!!", ascii(e))
    nick = users[n][1]
    del users[n]
    c.close()
    if nick != "":
        all({"type": "system", "text": "lost user " + nick}, True)

try:
    while 1:
        c, a = s.accept()
        count += 1
        users[count] = [c, ""]
        Thread(target=work, args=(count,), daemon=True).start()
except KeyboardInterrupt:
    s.close()
    sys.exit(0)

"""Join server with a welcome text to which the nick is glued before format() fills in the rest.

fails: 04.1
says: the server closed alice's connection after IndexError
"""
import socket
import threading
import time

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

startTime = time.time()
numberOfJoins = 0


def makeWelcome(nick):
    """Welcome text with a bit of statistics."""
    global numberOfJoins
    numberOfJoins += 1
    text = "Welcome " + nick + ", you are number {count}, server is up for {up} s"
    return text.format(count=numberOfJoins, up=int(time.time() - startTime))  # <--


def sys_msg(s):
    return {"type": "system", "text": s}


def goodNick(u):
    if not isinstance(u, str):
        return False
    u = u.strip()
    return len(u) >= 1 and len(u) <= 32


def clientLoop(c, addr):
    buf = bytearray()
    nick = ""
    try:
        while True:
            m = recv_json(c, buf)
            if m is None:
                break
            t = m.get("type")
            if t == "leave":
                break
            elif t == "join" and nick == "" and goodNick(m.get("user")):
                nick = m["user"].strip()
                send_json(c, sys_msg(makeWelcome(nick)))
            elif t == "chat" and nick != "" and isinstance(m.get("text"), str):
                send_json(c, {"type": "chat", "user": nick, "text": m["text"]})
            else:
                send_json(c, sys_msg("I can not do that"))
    except Exception as e:
        print("Exception in client", addr, repr(e))
    finally:
        c.close()


if __name__ == "__main__":
    s = socket.create_server((HOST, PORT), backlog=128)
    print("server started")
    while True:
        c, addr = s.accept()
        threading.Thread(target=clientLoop, args=(c, addr), daemon=True).start()

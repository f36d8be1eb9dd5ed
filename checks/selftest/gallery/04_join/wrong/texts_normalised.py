"""Brings texts into a normal form of Unicode: what comes back is not what was sent.

fails: 03.2
says: alice heard something else first
"""
import logging
import socket
import threading
import unicodedata
import utils

HOST, PORT = "127.0.0.1", 9090
logging.basicConfig(level=logging.DEBUG)


class Client(threading.Thread):
    def __init__(self, conn, addr):
        threading.Thread.__init__(self, name="%s:%s" % addr)
        self.daemon = True
        self.conn = conn
        self.nick = ""
        self.inbuf = bytearray()

    def send(self, **kw):
        utils.send_json(self.conn, kw)  # <--

    def refuse(self, why):
        self.send(type="system", text="Error: " + why)

    def run(self):
        try:
            self.loop()
        except (ConnectionError, OSError) as e:
            logging.info("lost: %s", e)
        except ValueError as e:
            logging.info("bad: %s", e)
        finally:
            self.conn.close()

    def loop(self):
        while True:
            msg = utils.recv_json(self.conn, self.inbuf)
            if msg is None:
                logging.info("eof")
                return
            kind = msg.get("type", None)
            if kind == "leave":
                return
            elif kind == "join":
                user = msg.get("user")
                if self.nick:
                    self.refuse("you are already " + self.nick)
                elif not isinstance(user, str):
                    self.refuse("user?")
                elif user.strip() == "" or len(user.strip()) > 32:
                    self.refuse("nick must have 1-32 characters")
                else:
                    self.nick = user.strip()
                    self.send(type="system", text="Hello " + self.nick, time=0)
            elif kind == "chat":
                if not self.nick:
                    self.refuse("who are you?")
                elif isinstance(msg.get("text"), str):
                    self.send(text=unicodedata.normalize("NFC", msg["text"]), type="chat", user=self.nick, id=1)
                else:
                    self.refuse("text?")
            else:
                self.refuse("what is " + repr(kind)[:60] + "?")


if __name__ == "__main__":
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, PORT))
    sock.listen(100)
    while True:
        Client(*sock.accept()).start()

"""Chat client with slash commands in the command pattern; what begins with / and is no command is not sent.

fails: 06.2
says: client.py sent nothing for '/tmp is full', and will not
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Quit(Exception):
    pass


class Command:
    help = ""

    def execute(self, client, argument):
        raise NotImplementedError


class QuitCommand(Command):
    help = "ends the program"

    def execute(self, client, argument):
        raise Quit


class Client:
    commands = {"/quit": QuitCommand()}

    def __init__(self):
        self.sock = None
        self.finished = False
        self.buffer = bytearray()

    def show(self, s):
        print(s.encode(errors="replace").decode(), flush=True)

    def receiveLoop(self):
        try:
            while True:
                m = recv_json(self.sock, self.buffer)
                if m is None:
                    break
                if m.get("type") == "chat":
                    self.show(str(m.get("user")) + ": " + str(m.get("text")))
                if m.get("type") == "system":
                    self.show(str(m.get("text")))
        except (OSError, ValueError):
            pass
        if not self.finished:
            self.finished = True
            self.show("Connection closed by server")

    def process(self, line):
        if self.finished:
            raise Quit
        word = line.strip().lower()
        if word in self.commands:
            self.commands[word].execute(self, "")
        elif word.startswith("/"):
            self.show("unknown command")  # <--
        elif line:
            send_json(self.sock, {"type": "chat", "text": line})

    def run(self):
        nick = input("nickname: ")
        try:
            self.sock = socket.create_connection((HOST, PORT))
        except OSError:
            print("Could not connect to the server, is it running?")
            return 1
        receiver = threading.Thread(target=self.receiveLoop)
        receiver.start()
        try:
            send_json(self.sock, {"type": "join", "user": nick})
            for line in sys.stdin:
                self.process(line.rstrip("\n"))
        except (Quit, OSError, KeyboardInterrupt):
            pass
        self.finished = True
        try:
            send_json(self.sock, {"type": "leave"})
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        receiver.join()
        self.sock.close()
        return 0


if __name__ == "__main__":
    sys.exit(Client().run())

"""The standard library's cmd.Cmd as a shell: it takes "help", "?" and "EOF" for itself, these are not sent.

fails: 06.2
says: client.py sent nothing for '? who is there'
A typed line is sent as chat; "help me" or "? who is there" is one.
"""
import cmd
import os
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class ChatShell(cmd.Cmd):
    prompt = ""

    def __init__(self, sock):
        super().__init__()
        self.sock = sock
        self.over = threading.Event()

    def onecmd(self, line):
        if self.over.is_set():
            return True
        if line.strip().lower() == "/quit":
            return True
        return super().onecmd(line)

    def default(self, line):
        send_json(self.sock, {"type": "chat", "text": line})

    def emptyline(self):
        pass

    def do_EOF(self, arg):
        return True

    def listen(self):
        buffer = bytearray()
        try:
            while (obj := recv_json(self.sock, buffer)) is not None:
                match obj:
                    case {"type": "chat", "user": user, "text": text}:
                        print(f"{user}: {text}")
                    case {"type": "system", "text": text}:
                        print(text)
        except (OSError, ValueError):
            pass
        if not self.over.is_set():
            self.over.set()
            print("Connection to the server lost.")

    def hang_up(self):
        self.over.set()
        try:
            send_json(self.sock, {"type": "leave"})
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as e:
        print("cannot connect:", e)
        return 1
    with sock:
        shell = ChatShell(sock)
        listener = threading.Thread(target=shell.listen)
        try:
            send_json(sock, {"type": "join", "user": nick})
            listener.start()
            shell.cmdloop()  # <--
        except OSError:
            pass
        shell.hang_up()
        if listener.ident:
            listener.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())

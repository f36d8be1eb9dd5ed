"""A class with a method for each type; the one for system messages puts the member's name before the text, where there is one.

fails: 06.1
says: client.py printed '[dave] dave has left' and not 'dave has left'
"""
import json
import socket
import threading


class ChatClient:
    def __init__(self, host="127.0.0.1", port=9090):
        self.sock = socket.create_connection((host, port))
        self.reader = self.sock.makefile("rb")
        self.leaving = False
        self.lost = False

    def send(self, **message):
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def on_chat(self, user="", text="", **_):
        print(user + ": " + text, flush=True)

    def on_system(self, text="", user=None, **_):
        print(f"[{user}] {text}" if user else text, flush=True)

    def receive(self):
        try:
            for line in self.reader:
                message = json.loads(line)
                handler = getattr(self, f"on_{message.pop('type', None)}", None)
                if handler:  # <--
                    handler(**message)
        except (OSError, ValueError):
            pass
        if not self.leaving:
            self.lost = True
            print("Disconnected.", flush=True)

    def run(self, nick):
        self.send(type="join", user=nick)
        thread = threading.Thread(target=self.receive)
        thread.start()
        try:
            while True:
                text = input()
                if self.lost or text.lower().strip() == "/quit":
                    break
                if text:
                    self.send(type="chat", text=text)
        except (EOFError, OSError):
            pass
        self.leaving = True
        try:
            self.send(type="leave")
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        thread.join()
        self.sock.close()


if __name__ == "__main__":
    name = input("Name: ")
    try:
        client = ChatClient()
    except OSError as e:
        print("Server not reachable:", e)
        raise SystemExit(2)
    client.run(name)

"""A class with a prompt, which is erased before each message and written again behind it."""

import socket
import sys
import threading

import utils

ERASE = "\r\x1b[2K"


class ChatClient:
    prompt = "> "

    def __init__(self, host, port):
        self.address = host, port
        self.alive = threading.Event()
        self.screen = threading.Lock()

    def show(self, text):
        with self.screen:
            sys.stdout.write(f"{ERASE}{text}\n{self.prompt}")
            sys.stdout.flush()

    def receive(self):
        buffer = bytearray()
        try:
            while True:
                message = utils.recv_json(self.sock, buffer)
                if message is None:
                    break
                if message.get("type") == "chat":
                    self.show(f"{message['user']}: {message['text']}")
                elif message.get("type") == "system":
                    self.show(message["text"])
        except (OSError, ValueError):
            pass
        if self.alive.is_set():
            self.alive.clear()
            self.show("*** disconnected; press Enter to leave")

    def run(self):
        nick = input("Nick: ")
        try:
            self.sock = socket.create_connection(self.address)
        except OSError as error:
            print(f"*** cannot connect: {error}", file=sys.stderr)
            return 1
        self.alive.set()
        utils.send_json(self.sock, {"type": "join", "user": nick})
        receiver = threading.Thread(target=self.receive)
        receiver.start()
        try:
            while self.alive.is_set():
                text = input(self.prompt)
                if not self.alive.is_set() or text.strip().lower() == "/quit":
                    break
                if text:
                    utils.send_json(self.sock, {"type": "chat", "text": text})
        except (EOFError, OSError):
            pass
        try:
            if self.alive.is_set():
                self.alive.clear()
                utils.send_json(self.sock, {"type": "leave"})
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        receiver.join()
        self.sock.close()
        print("bye")
        return 0


if __name__ == "__main__":
    sys.exit(ChatClient("127.0.0.1", 9090).run())

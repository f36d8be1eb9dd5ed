"""Waits for the answer to its join before it reads what is typed.

fails: 06.3
says: client.py still runs
"""
import socket
import sys
import threading

import utils

HOST, PORT = "127.0.0.1", 9090
PROMPT = "> "


def safe_print(*parts):
    text = "".join(parts).encode("utf-8", errors="surrogateescape" if False else "backslashreplace").decode("utf-8")
    print(text, flush=True)


class Session:
    def __init__(self, sock):
        self.sock = sock
        self.state_lock = threading.Lock()
        self.state = "open"

    def end(self, why):
        """Return True for whoever ends it first."""
        with self.state_lock:
            first = self.state == "open"
            self.state = why if first else self.state
        return first

    def listen(self):
        buffer = self.buffer
        try:
            while True:
                message = utils.recv_json(self.sock, buffer)
                if message is None:
                    break
                handler = getattr(self, "on_" + str(message.get("type")).replace(" ", "_"), None)
                if message.get("type") in ("chat", "system") and handler:
                    handler(message)
        except (ConnectionError, OSError, ValueError, UnicodeError):
            pass
        finally:
            if self.end("lost"):
                safe_print("\nConnection to the server lost. Press Enter to exit.")

    def on_chat(self, m):
        safe_print(str(m.get("user", "?")), ": ", str(m.get("text", "")))

    def on_system(self, m):
        safe_print(str(m.get("text", "")))


def main():
    print("Welcome to the chat! Type /quit to leave.")
    nick = input("nick: ").strip()
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as err:
        sys.exit(f"Could not reach the chat server at {HOST}:{PORT}: {err.strerror or err}")
    session = Session(sock)
    listener = threading.Thread(target=session.listen, name="listener", daemon=False)
    try:
        utils.send_json(sock, {"type": "join", "user": nick})
        session.buffer = bytearray()
        first = utils.recv_json(sock, session.buffer)  # <--
        if first is None:
            sys.exit("server has gone")
        session.on_system(first)
        listener.start()
        while True:
            try:
                line = input(PROMPT)
            except EOFError:
                break
            if session.state != "open":
                break
            if line.strip().lower() == "/quit":
                break
            if line:
                utils.send_json(sock, {"type": "chat", "text": line})
                print(f"(you) {line}")
    except KeyboardInterrupt:
        print()
    except OSError:
        pass
    finally:
        session.end("quit")
        try:
            utils.send_json(sock, {"type": "leave"})
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if listener.ident:
            listener.join()
        sock.close()


if __name__ == "__main__":
    main()

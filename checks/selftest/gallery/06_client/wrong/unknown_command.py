"""Whatever begins with a slash is a command of the client's: one that it does not know is not sent.

fails: 06.2
says: client.py sent nothing for '/dev/null is full'
A typed line is sent as chat, "/me waves" too.
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
over = threading.Event()


class Quit(Exception):
    pass


def quit_command(sock):
    raise Quit


COMMANDS = {"/quit": quit_command}


def enter(sock, line):
    """Do what the user wants."""
    command = line.strip().lower()
    if command.startswith("/"):
        if command in COMMANDS:
            COMMANDS[command](sock)
        else:
            print("unknown command", command)  # <--
    elif line:
        send_json(sock, {"type": "chat", "text": line})


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            match obj:
                case {"type": "chat", "user": user, "text": text}:
                    print(f"{user}: {text}")
                case {"type": "system", "text": text}:
                    print(text)
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("server gone, press Enter")


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as e:
        sys.exit(str(e))
    listener = threading.Thread(target=listen, args=(sock,))
    with sock:
        try:
            send_json(sock, {"type": "join", "user": nick})
            listener.start()
            for line in sys.stdin:
                if over.is_set():
                    break
                enter(sock, line.rstrip("\n"))
        except (OSError, Quit):
            pass
        over.set()
        try:
            send_json(sock, {"type": "leave"})
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if listener.ident:
            listener.join()


if __name__ == "__main__":
    main()

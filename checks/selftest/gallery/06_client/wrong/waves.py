"""Turns "/me waves" into "*waves*", as other chats do; what is sent is not what was typed.

fails: 06.2
says: the server got {"type": "chat", "text": "*is full*"}
"""
import re
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
COMMAND = re.compile(r"/(\w+)\b *(.*)")

done = threading.Event()


def expanded(text):
    """What a line stands for."""
    command = COMMAND.fullmatch(text)
    return f"*{command[2] or command[1]}*" if command else text


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:
            if obj.get("type") == "system":
                print(obj["text"])
            elif obj.get("type") == "chat":
                print(obj["user"], obj["text"], sep=": ")
    except (OSError, ValueError):
        pass
    if not done.is_set():
        done.set()
        print("The server is gone.")


def main():
    nick = input("Nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"Nobody listens at port {PORT}: {error}")
    listener = threading.Thread(target=listen, args=(sock,))
    listener.start()
    try:
        send_json(sock, {"type": "join", "user": nick})
        for line in sys.stdin:
            text = line.rstrip("\r\n")
            if done.is_set() or text.strip().lower() == "/quit":
                break
            if text:
                send_json(sock, {"type": "chat", "text": expanded(text)})  # <--
    except OSError:
        pass
    done.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    listener.join()
    sock.close()


if __name__ == "__main__":
    main()

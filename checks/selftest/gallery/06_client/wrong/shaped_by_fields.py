"""Tells messages apart by the fields that they have, not by their type.

fails: 06.1
says: client.py printed 'dave: dave has left' and not 'dave has left'
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

hung_up = threading.Event()


def shown(message):
    match message:
        case {"user": str(user), "text": str(text)}:  # <--
            return f"{user}: {text}"
        case {"text": str(text)}:
            return text


def listen(sock):
    buffer = bytearray()
    try:
        while (message := recv_json(sock, buffer)) is not None:
            if (text := shown(message)) is not None:
                print(text)
    except (OSError, ValueError):
        pass
    if not hung_up.is_set():
        hung_up.set()
        print("the server has gone, press Enter")


def main():
    nick = input("nick? ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as error:
        sys.exit(f"no server there: {error}")
    listener = threading.Thread(target=listen, args=(sock,))
    listener.start()
    try:
        send_json(sock, {"type": "join", "user": nick})
        for line in sys.stdin:
            text = line.removesuffix("\n")
            if hung_up.is_set() or text.strip().lower() == "/quit":
                break
            if text:
                send_json(sock, {"type": "chat", "text": text})
    except OSError:
        pass
    hung_up.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    listener.join()
    sock.close()


if __name__ == "__main__":
    main()

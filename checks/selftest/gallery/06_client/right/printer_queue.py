"""A thread receives, another prints what it finds in a queue, the main thread types."""

import queue
import socket
import threading

from utils import recv_json, send_json

SERVER = ("127.0.0.1", 9090)
inbox = queue.Queue()


def receiver(sock):
    buffer = bytearray()
    try:
        while (message := recv_json(sock, buffer)) is not None:
            inbox.put(message)
    except (OSError, ValueError):
        pass
    inbox.put(None)


def printer(done):
    while (message := inbox.get()) is not None:
        kind = message.get("type")
        if kind == "chat":
            print(f"{message['user']}: {message['text']}")
        elif kind == "system":
            print(message["text"])
    if not done.is_set():
        print("-- end of connection --")
        done.set()


def lines():
    while True:
        try:
            yield input()
        except EOFError:
            return


def main():
    nick = input("login: ")
    try:
        sock = socket.create_connection(SERVER)
    except OSError as error:
        print("could not connect to", SERVER, "because of", error)
        raise SystemExit(1)
    done = threading.Event()
    send_json(sock, {"user": nick, "type": "join"})
    threads = [threading.Thread(target=receiver, args=(sock,)), threading.Thread(target=printer, args=(done,))]
    for thread in threads:
        thread.start()
    try:
        for text in lines():
            if done.is_set() or text.strip().lower() == "/quit":
                break
            if text:
                send_json(sock, {"type": "chat", "text": text})
        done.set()
        send_json(sock, {"type": "leave"})
    except OSError:
        done.set()
    finally:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()

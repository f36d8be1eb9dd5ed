"""The welcome is read with a buffer of its own: what came in the same piece behind it is lost.

fails: 06.1
says: client.py printed 'nick
"""
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
over = threading.Event()


def show(obj):
    if obj.get("type") == "chat":
        print(f"{obj['user']}: {obj['text']}")
    elif obj.get("type") == "system":
        print(obj["text"])


def welcome(sock):
    """The answer to our join."""
    first = recv_json(sock, bytearray())
    if first is None:
        raise ConnectionError("no welcome")
    show(first)


def listen(sock):
    try:
        welcome(sock)
        buffer = bytearray()
        while (obj := recv_json(sock, buffer)) is not None:  # <--
            show(obj)
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("lost the server; Enter ends the program")


def main():
    nick = input("nick: ")
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as e:
        sys.exit(f"no server at {HOST}:{PORT}: {e}")
    with sock:
        listener = threading.Thread(target=listen, args=(sock,))
        listener.start()
        try:
            send_json(sock, {"type": "join", "user": nick})
            for line in sys.stdin:
                line = line.rstrip("\n")
                if over.is_set() or line.strip().lower() == "/quit":
                    break
                if line:
                    send_json(sock, {"type": "chat", "text": line})
        except OSError:
            pass
        finally:
            over.set()
            try:
                send_json(sock, {"type": "leave"})
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.join()


if __name__ == "__main__":
    main()

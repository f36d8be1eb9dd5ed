"""An old trick for UTF-8 output: codecs.getwriter on stdout's buffer, which is flushed only when it is full.

fails: 06.1
says: client.py printed 'bob has joined' only when it ended
What arrives is not on the screen before 8 KiB of it have come, or the program ends.
"""
import codecs
import socket
import sys
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

print("nick:", flush=True)
sys.stdout = codecs.getwriter("utf-8")(sys.stdout.buffer, "replace")
over = threading.Event()


def listen(sock):
    buffer = bytearray()
    try:
        while (obj := recv_json(sock, buffer)) is not None:  # <--
            if obj.get("type") == "chat":
                print(obj["user"] + ": " + obj["text"])
            elif obj.get("type") == "system":
                print(obj["text"])
    except (OSError, ValueError):
        pass
    if not over.is_set():
        over.set()
        print("the server has gone; press Enter")
        sys.stdout.flush()


def main():
    nick = sys.stdin.readline().strip()
    try:
        sock = socket.create_connection((HOST, PORT))
    except OSError as e:
        sys.exit(f"no server: {e}")
    send_json(sock, {"type": "join", "user": nick})
    thread = threading.Thread(target=listen, args=(sock,))
    thread.start()
    try:
        for line in sys.stdin:
            line = line.rstrip("\n")
            if over.is_set() or line.strip().lower() == "/quit":
                break
            if line:
                send_json(sock, {"type": "chat", "text": line})
    except OSError:
        pass
    over.set()
    try:
        send_json(sock, {"type": "leave"})
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()
    sock.close()


if __name__ == "__main__":
    main()

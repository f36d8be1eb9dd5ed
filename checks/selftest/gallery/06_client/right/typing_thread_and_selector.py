"""The main thread waits in a selector; a daemon thread reads what is typed and wakes it over a socket pair."""

import json
import queue
import selectors
import socket
import sys
import threading

ADDRESS = ("127.0.0.1", 9090)


def keyboard(lines, bell):
    for line in sys.stdin:
        lines.put(line.rstrip("\r\n"))
        bell.send(b"!")
    lines.put(None)
    bell.send(b"!")


def frame(**fields):
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def main():
    nick = input("Who are you? ")
    try:
        server = socket.create_connection(ADDRESS)
    except OSError as error:
        raise SystemExit(f"There is no chat at {ADDRESS}: {error}")
    server.sendall(frame(type="join", user=nick))
    lines, (bell, ear) = queue.Queue(), socket.socketpair()
    threading.Thread(target=keyboard, args=(lines, bell), daemon=True).start()
    waiting = selectors.DefaultSelector()
    waiting.register(server, selectors.EVENT_READ)
    waiting.register(ear, selectors.EVENT_READ)
    buffer = bytearray()
    while True:
        for key, _ in waiting.select():
            if key.fileobj is ear:
                ear.recv(1)
                text = lines.get()
                if text is None or text.strip().lower() == "/quit":
                    server.sendall(frame(type="leave"))
                    server.close()
                    return
                if text:
                    server.sendall(frame(type="chat", text=text))
            else:
                try:
                    data = server.recv(4096)
                except ConnectionError:
                    data = b""
                if not data:
                    print("The chat is over: the server has gone.")
                    return
                buffer += data
                while (end := buffer.find(b"\n")) >= 0:
                    message = json.loads(buffer[:end])
                    del buffer[:end + 1]
                    if message.get("type") == "chat":
                        print(f"{message['user']}: {message['text']}")
                    elif message.get("type") == "system":
                        print(message["text"])


main()

"""The members are a list of (connection, nick) tuples, copied anew at each change."""

import json
import socket
import threading

HOST = "127.0.0.1"
PORT = 9090

members = []


def send(sock, type, **rest):
    try:
        sock.sendall((json.dumps({"type": type} | rest) + "\n").encode("utf-8"))
    except OSError:
        pass


def lines(sock):
    data = b""
    while True:
        end = data.find(b"\n")
        if end >= 65536 or (end < 0 and len(data) > 65536):
            return
        if end >= 0:
            yield data[:end]
            data = data[end + 1:]
        else:
            more = sock.recv(8192)
            if not more:
                return
            data += more


def process(sock, nick, line):
    """Return the nick after this line; EOFError when the client leaves."""
    global members
    m = json.loads(str(line, "utf-8"))
    if not isinstance(m, dict):
        raise ValueError
    if m.get("type") == "leave":
        raise EOFError
    if nick is None:
        if m.get("type") == "join" and isinstance(m.get("user"), str):
            wanted = m["user"].strip()
            if wanted and len(wanted) <= 32:
                members = members + [(sock, wanted)]
                for s, _ in members:
                    send(s, "system", text=wanted + " joined the chat")
                return wanted
        send(sock, "system", text="please join with a nick of 1..32 characters")
    elif m.get("type") == "chat" and isinstance(m.get("text"), str):
        for s, n in members:
            if (s, n) != (sock, nick):
                send(s, "chat", user=nick, text=m["text"])
    else:
        send(sock, "system", text="not understood")
    return nick


change = threading.Lock()


def client(sock):
    global members
    nick = None
    try:
        for line in lines(sock):
            with change:
                nick = process(sock, nick, line)
    except (EOFError, ValueError, OSError, RecursionError):
        pass
    with change:
        members = [(s, n) for s, n in members if s is not sock]
        if nick is not None:
            for s, _ in members:
                send(s, "system", text=nick + " left the chat")
    sock.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        sock, address = listener.accept()
        threading.Thread(target=client, args=(sock,), daemon=True).start()

"""Takes the end of the input for an empty line, again and again.

fails: 06.3
says: client.py still runs
"""

import json
import select
import socket
import sys

sock = socket.socket()
sys.stdout.write("nick: ")
sys.stdout.flush()
nick = sys.stdin.readline().strip()
try:
    sock.connect(("127.0.0.1", 9090))
except OSError as e:
    sys.stderr.write("chat: cannot connect: %s\n" % e.strerror)
    sys.exit(2)


def put(message):
    sock.sendall(json.dumps(message).encode("ascii") + b"\n")


put({"type": "join", "user": nick})
pending = b""
running = True
while running:
    for ready in select.select([sock, sys.stdin], [], [])[0]:  # <--
        if ready is sys.stdin:
            line = sys.stdin.readline()  # <--
            if line.strip().lower() == "/quit":
                put({"type": "leave"})
                running = False
                break
            if line.strip("\n"):
                put({"type": "chat", "text": line[:-1] if line[-1] == "\n" else line})
            continue
        try:
            data = sock.recv(65536)  # <--
        except OSError:
            data = b""
        if data == b"":
            print("*** the server hung up")
            running = False
            break
        pending += data
        while b"\n" in pending:
            line, _, pending = pending.partition(b"\n")
            message = json.loads(line.decode("utf-8"))
            if message["type"] == "chat":
                print("%s: %s" % (message["user"], message["text"]))
            elif message["type"] == "system":
                print("%s" % message["text"])
sock.close()

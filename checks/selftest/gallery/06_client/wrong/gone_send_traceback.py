"""The listener says that the server has gone, and the main thread dies in its next send.

fails: 06.4
says: client.py printed a traceback
"""

import json
import socket
import sys
import threading

HOST, PORT = "127.0.0.1", 9090


def send(sock, **message):
    sock.sendall((json.dumps(message) + "\n").encode())  # <--


def listen(sock):
    with sock.makefile("rb") as file:
        try:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                message = json.loads(line)
                if message["type"] == "chat":
                    print(f"{message['user']}: {message['text']}")
                elif message["type"] == "system":
                    print(message["text"])
        except OSError:
            pass
    if not leaving:
        print("The server has closed the connection!")
        sock.shutdown(socket.SHUT_RDWR)


leaving = False
nick = input("nick: ")
try:
    sock = socket.create_connection((HOST, PORT))
except OSError as error:
    sys.exit(f"{HOST}:{PORT} {error}")
send(sock, type="join", user=nick)
thread = threading.Thread(target=listen, args=(sock,))
thread.start()
for line in sys.stdin:
    if line.strip().lower() == "/quit":
        break
    if line.strip("\n"):
        send(sock, type="chat", text=line.strip("\n"))
leaving = True
send(sock, type="leave")
sock.shutdown(socket.SHUT_RDWR)
thread.join()

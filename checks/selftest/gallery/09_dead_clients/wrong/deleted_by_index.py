"""Deletes the dead by their index in the snapshot: with two dead at once the second index means somebody else.

fails: 09.3
says: the server closed ann's connection after OSError
"""
import socket
import threading
from utils import recv_json, send_json

allClients = []    # list of [socket, nick]
clientsLock = threading.Lock()


def announce(text):
    sendAll({"type": "system", "text": text}, None)


def sendAll(message, sender):
    # 1. make a copy
    clientsLock.acquire()
    copy = list(allClients)
    clientsLock.release()
    if sender is not None and sender not in [c[0] for c in copy]:
        return
    # 2. send, remember the numbers of the dead
    deadNumbers = []
    for i in range(len(copy)):
        if copy[i][0] is sender:
            continue
        try:
            send_json(copy[i][0], message)
        except OSError:
            deadNumbers.append(i)
    # 3. delete them
    deadNicks = []
    clientsLock.acquire()
    for i in deadNumbers:
        if i < len(allClients) and allClients[i] in copy:
            entry = allClients.pop(i)
            deadNicks.append(entry[1])
            try:
                entry[0].shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
    clientsLock.release()
    # 4. tell the others
    for nick in deadNicks:
        announce(nick + " is dead")


def clientThread(sock):
    nick = None
    data = bytearray()
    try:
        while True:
            msg = recv_json(sock, data)
            if msg is None:
                break
            if msg.get("type") == "leave":
                break
            elif msg.get("type") == "join" and nick is None and isinstance(msg.get("user"), str) and 1 <= len(msg["user"].strip()) <= 32:
                wanted = msg["user"].strip()
                clientsLock.acquire()
                found = False
                for c in allClients:
                    if c[1] == wanted:
                        found = True
                if not found:
                    allClients.append([sock, wanted])
                clientsLock.release()
                if found:
                    send_json(sock, {"type": "system", "text": wanted + " is taken"})
                else:
                    nick = wanted
                    announce(nick + " is here")
            elif msg.get("type") == "chat" and nick is not None and isinstance(msg.get("text"), str):
                sendAll({"type": "chat", "user": nick, "text": msg["text"]}, sock)
            else:
                send_json(sock, {"type": "system", "text": "not allowed"})
    except (OSError, ValueError):
        pass
    # take me out, if nobody has done it
    removed = False
    clientsLock.acquire()
    if [sock, nick] in allClients:
        allClients.remove([sock, nick])
        removed = True
    clientsLock.release()
    if removed:
        announce(nick + " is gone")
    sock.close()


def main():
    server = socket.create_server(("127.0.0.1", 9090))
    while True:
        sock, addr = server.accept()
        threading.Thread(target=clientThread, args=(sock,), daemon=True).start()


main()

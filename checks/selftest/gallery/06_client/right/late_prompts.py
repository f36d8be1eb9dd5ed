"""A prompt before each line, which comes late; Russian names, a byte order mark and \r\n in the source."""

import socket, threading, sys
from utils import send_json, recv_json
флаг = False
def слушать(с):
    global флаг
    б = bytearray()
    while True:
        try:
            м = recv_json(с, б)
        except Exception:
            м = None
        if м is None:
            if флаг == False:
                флаг = True
                print("сервер отключился!!! нажмите Enter")
            break
        if м["type"] == "chat":
            print(м["user"] + ": " + м["text"])
        elif м["type"] == "system":
            print(м["text"])
print("=== ЧАТ ===")
print("введите ник")
ник = input("> ")
с = socket.socket()
try:
    с.connect(("127.0.0.1", 9090))
except:
    print("сервер не запущен")
    exit(1)
send_json(с, {"type": "join", "user": ник})
п = threading.Thread(target=слушать, args=(с,))
п.start()
while True:
    try:
        строка = input("> ")
    except EOFError:
        строка = "/quit"
    if флаг:
        break
    if строка.strip().lower() == "/quit":
        флаг = True
        try:
            send_json(с, {"type": "leave"})
        except OSError:
            pass
        break
    if строка == "":
        continue
    try:
        send_json(с, {"type": "chat", "text": строка})
    except OSError:
        print("не отправилось")
        break
try:
    с.shutdown(socket.SHUT_RDWR)
except OSError:
    pass
п.join()
с.close()
print("пока")

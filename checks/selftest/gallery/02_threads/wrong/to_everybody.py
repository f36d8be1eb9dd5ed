"""Sends what came to all who are connected: a chat too early.

fails: 02.2 02.1
says: got other bytes than were sent
"""
import socket
from threading import Thread, Lock

all_clients = []
l = Lock()


def send_to_all(message):
    with l:
        copy = all_clients[:]
    for c in copy:
        try:
            c.sendall(message)  # <--
        except OSError:
            pass


def client(c, a):
    print("NEW", a)
    with l:
        all_clients.append(c)
    try:
        while True:
            m = c.recv(4096)
            if m == b"":
                break
            send_to_all(m)
    except OSError as e:
        print("ERR", a, e)
    finally:
        with l:
            all_clients.remove(c)
        c.close()
        print("BYE", a)


if __name__ == "__main__":
    srv = socket.create_server(("127.0.0.1", 9090), backlog=100)
    while True:
        c, a = srv.accept()
        Thread(target=client, args=(c, a), daemon=True).start()

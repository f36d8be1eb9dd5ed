"""Looks round each minute, by stop.wait(), for those who have said nothing since the round before.

fails: 01.1
says: the server closed alice's connection
"""
import socket
import threading

from utils import recv_json, send_json

stop = threading.Event()
asleep, lock = {}, threading.Lock()


def looks_round():
    while not stop.wait(60):
        with lock:
            for conn in asleep:
                if asleep[conn]:
                    try:
                        conn.shutdown(socket.SHUT_RDWR)  # <--
                    except OSError:
                        pass
                asleep[conn] = True


def handle_client(conn):
    rest = bytearray()
    with lock:
        asleep[conn] = False
    try:
        while (obj := recv_json(conn, rest)) is not None:
            asleep[conn] = False
            send_json(conn, obj)
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            del asleep[conn]
        conn.close()


def main():
    threading.Thread(target=looks_round, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 9090))
    try:
        while True:
            threading.Thread(target=handle_client, args=(listener.accept()[0],), daemon=True).start()
    except KeyboardInterrupt:
        stop.set()


main()

"""An echo of messages with a writer thread for each client and a queue without a bound: who does not read fills the memory.

fails: 03.3
says: a client that sent much, and read nothing, cost the server
"""

import queue
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def write(conn, outbox):
    works = True
    while (obj := outbox.get()) is not None:
        try:
            if works:
                send_json(conn, obj)  # <--
        except OSError:
            works = False


def read(conn, addr):
    outbox = queue.Queue()
    writer = threading.Thread(target=write, args=(conn, outbox), daemon=True)
    writer.start()
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            outbox.put(obj)
    except (OSError, ValueError) as error:
        print(addr, error)
    outbox.put(None)
    writer.join()
    conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            threading.Thread(target=read, args=listener.accept(), daemon=True).start()


if __name__ == "__main__":
    main()

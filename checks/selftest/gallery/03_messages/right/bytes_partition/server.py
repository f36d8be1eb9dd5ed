"""Immutable bytes, partition, and a recv_json that hands the rest back; utils is used as a module."""

import socket
import threading

import utils

ADDRESS = ("127.0.0.1", 9090)


def handle_client(conn, addr):
    rest = b""
    try:
        while True:
            obj, rest = utils.recv_json(conn, rest)
            if obj is None:
                break
            utils.send_json(conn, obj)
    except OSError:
        print(addr, "broke off")
    conn.close()


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(ADDRESS)
    listener.listen()
    print("waiting on", ADDRESS)
    while True:
        thread = threading.Thread(target=handle_client, args=listener.accept())
        thread.daemon = True
        thread.start()


main()

"""Waits until exactly 1024 bytes have come before it answers.

fails: 01.1
"""
import socket

HOST, PORT = "127.0.0.1", 9090
BLOCK = 1024


def read_block(conn):
    block = b""
    while len(block) < BLOCK:
        part = conn.recv(BLOCK - len(block))  # <--
        if not part:
            break
        block += part
    return block


listener = socket.create_server((HOST, PORT))
while True:
    conn, addr = listener.accept()
    with conn:
        try:
            while block := read_block(conn):
                conn.sendall(block)
        except OSError as error:
            print(addr, error)

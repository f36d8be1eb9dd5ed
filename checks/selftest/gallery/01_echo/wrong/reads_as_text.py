"""Reads the bytes as text: half a letter is kept until the other half comes.

fails: 01.1
says: nothing came back to alice
"""
import socket
HOST, PORT = "127.0.0.1", 9090

with socket.create_server((HOST, PORT)) as srv:
    while True:
        conn, _ = srv.accept()
        try:
            with conn, conn.makefile("r", encoding="utf-8", errors="surrogateescape", newline="") as f:
                while ch := f.read(1):  # <--
                    conn.sendall(ch.encode("utf-8", "surrogateescape"))
        except OSError as e:
            print(e)

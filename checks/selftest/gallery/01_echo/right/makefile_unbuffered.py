"""Treats the connection as an unbuffered file and writes what a short write has left."""
import socket

HOST, PORT = "127.0.0.1", 9090


def echo(stream):
    while data := stream.read(4096):
        rest = memoryview(data)
        while rest:
            rest = rest[stream.write(rest):]


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        with conn, conn.makefile("rwb", buffering=0) as stream:
            try:
                echo(stream)
            except OSError as error:
                print(addr, error)

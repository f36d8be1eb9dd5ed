"""Splits the stream into lines and never sends back the last one if it has no newline.

fails: 01.1 01.2 01.3 01.4 01.5
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    rest = b""
    with conn:
        try:
            while data := conn.recv(4096):  # <--
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    conn.sendall(line + b"\n")
        except OSError as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()

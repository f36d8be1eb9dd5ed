"""Turns the bytes into text and back, so bytes that are not UTF-8 come back changed.

fails: 01.1 01.2 01.3
says: alice got other bytes than were sent
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                text = data.decode("utf-8", errors="replace")
                print(addr, text)
                conn.sendall(text.encode("utf-8"))  # <--
        except OSError as error:
            print(addr, error)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            handle_client(*listener.accept())


if __name__ == "__main__":
    main()

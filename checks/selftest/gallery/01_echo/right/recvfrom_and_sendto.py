"""Receives and sends by the calls that name an address, which a connection does not need."""

import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    while data := conn.recvfrom(4096)[0]:
                        while data:
                            data = data[conn.sendto(data, addr):]
                except OSError as error:
                    print(f"{addr}: {error}")


if __name__ == "__main__":
    main()

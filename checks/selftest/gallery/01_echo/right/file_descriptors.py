"""Works on the bare file descriptor with os.read() and os.write(), like a C program."""
import os
import socket

HOST, PORT = "127.0.0.1", 9090


def main() -> None:
    listener = socket.create_server((HOST, PORT))
    while True:
        conn, _ = listener.accept()
        fd = conn.detach()
        try:
            while data := os.read(fd, 16384):
                while data:
                    data = data[os.write(fd, data):]
        except OSError as error:
            print("errno", error.errno)
        finally:
            os.close(fd)


if __name__ == "__main__":
    main()

"""Uses two buffered files, read1() on one and write() with flush() on the other."""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    reader = conn.makefile("rb")
    writer = conn.makefile("wb")
    try:
        while data := reader.read1():
            writer.write(data)
            writer.flush()
    except OSError as error:
        print("client:", error)
    finally:
        for thing in (writer, reader, conn):
            try:
                thing.close()
            except OSError:  # close() flushes, and the other side may be gone
                pass


def main():
    listener = socket.create_server((HOST, PORT))
    while True:
        handle_client(listener.accept()[0])


if __name__ == "__main__":
    main()

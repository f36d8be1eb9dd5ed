"""Has the try around the whole accept loop, so the first reset ends it.

fails: 01.4
says: server.py ended (exit code 0)
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn):
    with conn:
        while data := conn.recv(4096):  # <--
            conn.sendall(data)


def main():
    listener = socket.create_server((HOST, PORT))
    try:
        while True:
            conn, addr = listener.accept()
            print("client", addr)
            handle_client(conn)
    except OSError as error:
        print("error:", error)
    finally:
        listener.close()


if __name__ == "__main__":
    main()

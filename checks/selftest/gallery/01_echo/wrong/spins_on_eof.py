"""Does not know that b"" is the end of the stream and goes on receiving for ever.

fails: 01.3 01.4
says: the server did not close alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while True:
                data = conn.recv(4096)  # <--
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()

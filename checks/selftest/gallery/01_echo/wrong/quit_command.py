"""Takes the bytes "quit" as a command to hang up instead of sending them back.

fails: 01.1
says: the server closed alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while True:
                data = conn.recv(4096)
                if not data or data.strip() == b"quit":
                    break
                conn.sendall(data)
        except OSError as error:
            print(addr, error)
    print(addr, "has left")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            handle_client(conn, addr)


if __name__ == "__main__":
    main()

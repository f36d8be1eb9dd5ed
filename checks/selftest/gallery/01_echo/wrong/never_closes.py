"""Never closes a connection: all of them stay in a list.

fails: 01.3
says: the server did not close alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090

connections = []


def handle_client(conn):
    while True:
        data = conn.recv(4096)
        if not data:
            break
        conn.sendall(data)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()  # <--
            connections.append(conn)
            try:
                handle_client(conn)
            except OSError as error:
                print(addr, error)


if __name__ == "__main__":
    main()

"""An echo server that drops a client which says nothing for a second: it may take its time.

fails: 01.1
says: the server closed alice's connection
"""
import select
import socket

HOST, PORT = "127.0.0.1", 9090
PATIENCE = 1.0


def wait_readable(sock, seconds):
    readable, _, _ = select.select([sock], [], [], seconds)
    return bool(readable)


def handle_client(conn, addr):
    with conn:  # <--
        try:
            while True:
                if not wait_readable(conn, PATIENCE):
                    print(f"{addr} is idle, closing")
                    break
                data = conn.recv(4096)
                if not data:
                    break
                conn.sendall(data)
        except OSError as e:
            print(f"{addr}: {e}")


def main():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, PORT))
    server.listen()
    print("Echo server running")
    try:
        while True:
            handle_client(*server.accept())
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


main()

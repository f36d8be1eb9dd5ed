"""A table of 128 seats; who breaks off keeps its seat, and who finds none is sent away.

fails: 02.1
says: the server closed newcomer
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

seats = [None] * 128
door = threading.Lock()


def take_a_seat(conn):
    with door:
        for number, sitting in enumerate(seats):
            if sitting is None:
                seats[number] = conn
                return number
    return None


def echo(conn, seat):
    while True:
        data = conn.recv(4096)
        if data == b"":
            break
        conn.sendall(data)
    conn.close()
    with door:
        seats[seat] = None


def serve(conn, seat):
    try:
        echo(conn, seat)
    except OSError:
        conn.close()


def main():
    listener = socket.create_server((HOST, PORT), backlog=128)
    while True:
        conn, _ = listener.accept()
        seat = take_a_seat(conn)
        if seat is None:
            conn.close()  # <--
        else:
            threading.Thread(target=serve, args=(conn, seat), daemon=True).start()


if __name__ == "__main__":
    main()

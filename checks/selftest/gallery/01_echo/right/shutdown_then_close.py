"""Shuts its sending side down before it closes the connection."""
import socket

HOST, PORT = "127.0.0.1", 9090


def echo(conn):
    while data := conn.recv(4096):
        conn.sendall(data)
    conn.shutdown(socket.SHUT_WR)


def main():
    listener = socket.create_server((HOST, PORT))
    try:
        while True:
            conn, addr = listener.accept()
            try:
                echo(conn)
            except OSError as error:
                print(addr, error)
            finally:
                conn.close()
    except KeyboardInterrupt:
        print("bye")
    finally:
        listener.close()


if __name__ == "__main__":
    main()

"""Says "localhost" for the host, which is 127.0.0.1."""
import socket

HOST, PORT = "localhost", 9090


def main():
    with socket.create_server((HOST, PORT), backlog=5) as listener:
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    while data := conn.recv(4096):
                        conn.sendall(data)
                except OSError as error:
                    print(addr, error)


main()

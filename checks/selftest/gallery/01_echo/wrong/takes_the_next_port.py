"""When the port is taken, quietly listens on the next one.

fails: 01.5
says: started again, server.py listens on another port
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def listen():
    port = PORT
    while True:
        listener = socket.socket()
        try:
            listener.bind((HOST, port))
            listener.listen()
            return listener
        except OSError:
            listener.close()
            port += 1


def main():
    with listen() as listener:
        print("listening on", listener.getsockname())
        while True:
            conn, addr = listener.accept()  # <--
            with conn:
                try:
                    while data := conn.recv(4096):
                        conn.sendall(data)
                except OSError as error:
                    print(addr, error)


if __name__ == "__main__":
    main()

"""Receives only once for each client, answers and hangs up.

fails: 01.1 01.2 01.3
says: the server closed alice's connection
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((HOST, PORT))
    s.listen()
    while True:
        conn, addr = s.accept()
        print("Connected by", addr)
        try:
            data = conn.recv(1024)  # <--
            conn.sendall(data)
        except OSError as e:
            print(e)
        conn.close()


if __name__ == "__main__":
    main()

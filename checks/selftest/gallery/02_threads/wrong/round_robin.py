"""Asks every client in turn and waits up to half a second for each silent one.

fails: 02.1
says: nothing came back to client
"""
import socket

HOST, PORT = "127.0.0.1", 9090


def main():
    clients = []
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(0.05)
    while True:
        try:
            conn, addr = listener.accept()
            clients.append(conn)
        except TimeoutError:
            pass
        for conn in clients[:]:
            try:
                conn.settimeout(0.5)
                data = conn.recv(65536)  # <--
                conn.settimeout(None)
                conn.sendall(data)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                clients.remove(conn)
                conn.close()


if __name__ == "__main__":
    main()

"""Threads that are not daemons; on Ctrl-C their sockets are shut down, and all are joined."""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

clients = {}
lock = threading.Lock()


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")
        with lock:
            del clients[conn]


def main():
    with socket.create_server((HOST, PORT)) as listener:
        try:
            while True:
                conn, addr = listener.accept()
                thread = threading.Thread(target=handle_client, args=(conn, addr))
                with lock:
                    clients[conn] = thread
                thread.start()
        except KeyboardInterrupt:
            with lock:
                rest = dict(clients)
            for conn in rest:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            for thread in rest.values():
                thread.join()


if __name__ == "__main__":
    main()

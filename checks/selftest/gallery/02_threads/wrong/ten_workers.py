"""Has ten worker threads, so the eleventh client waits.

fails: 02.1
"""
import queue
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
WORKERS = 10

waiting = queue.Queue()


def worker():
    while True:
        conn = waiting.get()
        with conn:
            try:
                while data := conn.recv(4096):
                    conn.sendall(data)
            except OSError as error:
                print(error)
        del conn


def main():
    for _ in range(WORKERS):
        threading.Thread(target=worker, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()  # <--
            waiting.put(conn)
            del conn


if __name__ == "__main__":
    main()

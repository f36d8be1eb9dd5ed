"""Has one more thread for the server's whole life, which prints statistics, and a locked set."""
import socket
import threading
import time

HOST, PORT = "127.0.0.1", 9090

online = set()
lock = threading.Lock()


def statistics():
    while True:
        with lock:
            print(f"{len(online)} online, {threading.active_count()} threads", flush=True)
        time.sleep(1)


def handle_client(conn, addr):
    with lock:
        online.add(addr)
    try:
        while data := conn.recv(4096):
            conn.sendall(data)
    except OSError as error:
        print(f"{addr}: {error}")
    finally:
        with lock:
            online.discard(addr)
        conn.close()


if __name__ == "__main__":
    threading.Thread(target=statistics, daemon=True).start()
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()

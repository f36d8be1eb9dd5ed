"""An echo server that counts all bytes under a lock, and sends under it, too: one client that does not read stops all.

fails: 02.1
says: nothing came back to bob
"""

import socket
import threading

HOST, PORT = "127.0.0.1", 9090

lock = threading.Lock()
total = 0


def echo(conn, data):
    """Send data back and count it."""
    global total
    with lock:  # <--
        conn.sendall(data)
        total += len(data)


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                echo(conn, data)
        except OSError as error:
            print(f"{addr}: {error}")
        print(f"{addr} gone, {total} bytes in all")


def main():
    """Listen, and give each client a thread of its own."""
    with socket.create_server((HOST, PORT)) as listener:
        print(f"listening on {HOST}:{PORT}", flush=True)
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

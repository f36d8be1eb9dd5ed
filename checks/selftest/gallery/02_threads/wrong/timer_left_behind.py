"""Starts an idle timer for each client and never cancels it.

fails: 02.3
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    timer = threading.Timer(3600, conn.close)
    timer.daemon = True
    timer.start()
    try:
        while data := conn.recv(4096):
            conn.sendall(data)
    except OSError as error:
        print(f"{addr}: {error}")
    finally:
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

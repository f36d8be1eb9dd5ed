"""On Ctrl-C joins all the clients' threads, which end only when their clients leave.

fails: 02.4
says: the server still runs
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as error:
            print(f"{addr}: {error}")


def main():
    threads = []
    listener = socket.create_server((HOST, PORT))
    try:
        while True:
            conn, addr = listener.accept()
            thread = threading.Thread(target=handle_client, args=(conn, addr), daemon=True)
            thread.start()
            threads = [t for t in threads if t.is_alive()] + [thread]
    except KeyboardInterrupt:
        print("stopping...")
        for thread in threads:
            thread.join()  # <--
    finally:
        listener.close()


if __name__ == "__main__":
    main()

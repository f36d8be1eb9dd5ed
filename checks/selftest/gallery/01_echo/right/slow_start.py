"""Takes a second and a half of preparations before it listens."""
import socket
import time

HOST, PORT = "127.0.0.1", 9090


def main():
    print("loading...")
    time.sleep(1.5)
    with socket.create_server((HOST, PORT)) as listener:
        print("ready")
        while True:
            conn, addr = listener.accept()
            with conn:
                try:
                    while data := conn.recv(4096):
                        conn.sendall(data)
                except OSError as error:
                    print(f"{addr}: {error}")


if __name__ == "__main__":
    main()

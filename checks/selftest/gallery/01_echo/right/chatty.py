"""Prints every piece it receives, bytes and all."""
import socket
import sys

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        try:
            while data := conn.recv(4096):
                print(f"[{addr[0]}:{addr[1]}] >>> {data!r}", flush=True)
                conn.sendall(data)
                print(f"[{addr[0]}:{addr[1]}] <<< {len(data)} bytes", file=sys.stderr)
        except OSError as error:
            print(f"{addr}: {error}", file=sys.stderr)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print("=" * 40, "ECHO SERVER", "=" * 40, sep="\n")
        while True:
            conn, addr = listener.accept()
            print(addr, "came")
            handle_client(conn, addr)
            print(addr, "left")


if __name__ == "__main__":
    main()

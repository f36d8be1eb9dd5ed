"""The client's thread uses a name that is made nowhere, and dies of it.

fails: 02.1
says: a thread of server.py died of NameError: name 'con' is not defined
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    with conn:
        while data := con.recv(4096):  # <--
            conn.sendall(data)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""All threads receive into one and the same buffer.

fails: 02.2 02.1
says: alice got other bytes than were sent
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090

buffer = memoryview(bytearray(65536))


def handle_client(conn, addr):
    with conn:
        try:
            while size := conn.recv_into(buffer):  # <--
                conn.sendall(buffer[:size])  # <--
        except OSError as error:
            print(f"{addr}: {error}")


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()

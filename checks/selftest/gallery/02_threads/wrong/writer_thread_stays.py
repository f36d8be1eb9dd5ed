"""Has a reader and a writer thread for each client, and never tells the writer to end.

fails: 02.3
says: after
"""
import queue
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def writer(conn, outbox):
    try:
        while True:
            conn.sendall(outbox.get())  # <--
            outbox.task_done()
    except OSError:
        while True:  # nobody is there to send to
            outbox.get()
            outbox.task_done()


def handle_client(conn, addr):
    outbox = queue.Queue()
    threading.Thread(target=writer, args=(conn, outbox), daemon=True).start()
    try:
        while data := conn.recv(4096):
            outbox.put(data)
    except OSError as error:
        print(f"{addr}: {error}")
    outbox.join()
    conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()

"""Two threads for each client, one that reads and one that writes, with a queue between them."""
import queue
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def writer(conn, outbox):
    try:
        while (data := outbox.get()) is not None:
            conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
    except OSError as error:
        print("writer:", error)


def reader(conn):
    outbox = queue.SimpleQueue()
    helper = threading.Thread(target=writer, args=(conn, outbox), daemon=True)
    helper.start()
    try:
        while data := conn.recv(4096):
            outbox.put(data)
    except OSError as error:
        print("reader:", error)
    outbox.put(None)
    helper.join()
    conn.close()


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=reader, args=(conn,), daemon=True).start()

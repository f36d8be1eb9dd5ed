"""The buffers are in a dict by connection, and the connection is closed at the end of the function.

fails: 03.4
RecursionError is no ValueError: for a line of many brackets the thread dies before it comes to the
close, and the dict keeps the socket, so that the connection stays open for ever.
"""
import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65_536

buffers = {}  # connection -> what has arrived and was not used yet


def next_line(conn):
    """The next line without its newline, or None at the end of the stream."""
    while (end := buffers[conn].find(b"\n")) < 0:
        if len(buffers[conn]) >= MAX_LINE:
            raise ValueError("line too long")
        data = conn.recv(4096)
        if not data:
            return None
        buffers[conn] += data
    if end >= MAX_LINE:
        raise ValueError("line too long")
    line, buffers[conn] = buffers[conn][:end], buffers[conn][end + 1:]
    return line


def handle_client(conn, addr):
    buffers[conn] = b""
    try:
        while (line := next_line(conn)) is not None:
            obj = json.loads(line.decode("utf-8"))  # <--
            if not isinstance(obj, dict):
                print(f"{addr}: not an object")
                break
            conn.sendall(json.dumps(obj).encode("utf-8") + b"\n")
    except (OSError, ValueError) as error:
        print(f"{addr}: {error}")
    del buffers[conn]
    conn.close()


def main():
    listener = socket.create_server((HOST, PORT))
    print(f"listening on {HOST}:{PORT}")
    while True:
        conn, addr = listener.accept()
        threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

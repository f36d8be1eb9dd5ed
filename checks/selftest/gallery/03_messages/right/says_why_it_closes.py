"""Tells the client in a system message why it ends the connection."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    buffer = bytearray()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            send_json(conn, obj)
    except ValueError as e:
        try:
            send_json(conn, {"type": "system", "text": f"Goodbye: {e}", "code": 400})
            conn.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    except OSError:
        pass
    finally:
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

"""Plain if and elif with isinstance, one answer after each."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


def serve_client(conn, addr):
    buffer = bytearray()
    nick = ""
    joined = False
    while True:
        msg = recv_json(conn, buffer)
        if msg is None:
            print(addr, "ended")
            break
        if "type" not in msg:
            reply = {"type": "system", "text": "type is missing"}
        elif msg["type"] == "leave":
            print(addr, "left")
            break
        elif msg["type"] == "join":
            if joined:
                reply = {"type": "system", "text": "you are already here, " + nick}
            elif "user" not in msg or not isinstance(msg["user"], str):
                reply = {"type": "system", "text": "user must be a string"}
            elif len(msg["user"].strip()) < 1 or len(msg["user"].strip()) > 32:
                reply = {"type": "system", "text": "user must have 1 to 32 characters"}
            else:
                nick = msg["user"].strip()
                joined = True
                reply = {"type": "system", "text": "welcome " + nick}
        elif not joined:
            reply = {"type": "system", "text": "you have to join first"}
        elif msg["type"] == "chat":
            if isinstance(msg.get("text"), str):
                reply = {"type": "chat", "user": nick, "text": msg["text"]}
            else:
                reply = {"type": "system", "text": "text must be a string"}
        else:
            reply = {"type": "system", "text": "unknown type"}
        send_json(conn, reply)


def handle_client(conn, addr):
    try:
        serve_client(conn, addr)
    except (OSError, ValueError) as e:
        print(addr, e)
    finally:
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

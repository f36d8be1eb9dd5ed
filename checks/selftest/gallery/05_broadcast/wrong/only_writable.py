"""Chat room that asks select() who can take a message right now, and sends to those only (from a select tutorial).

fails: 05.2
says: 'hi' from alice did not come to bob, only the system message '[carol] entered room'
"""
import select
import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

CONNECTION_LIST = {}  # socket -> name


def broadcast_data(sock, message):
    # Do not send the message to the client who has sent it
    others = [s for s in list(CONNECTION_LIST) if s is not sock]
    if not others:
        return
    try:
        _, writable, _ = select.select([], others, [], 0)
    except (ValueError, OSError):
        writable = others
    for s in writable:
        try:
            send_json(s, message)  # <--
        except OSError:
            pass  # broken connection, its own thread cleans up


def system(text):
    return {"type": "system", "text": text}


def process(sock, msg, name):
    """Returns the name of the client after this message."""
    what = msg.get("type")
    if what == "join" and name is None:
        user = msg.get("user")
        if isinstance(user, str) and 1 <= len(user.strip()) <= 32:
            name = user.strip()
            CONNECTION_LIST[sock] = name
            broadcast_data(None, system("[%s] entered room" % name))
            return name
    if what == "chat" and name is not None and isinstance(msg.get("text"), str):
        broadcast_data(sock, {"type": "chat", "user": name, "text": msg["text"]})
        return name
    send_json(sock, system("Invalid command"))
    return name


def client_thread(sock, addr):
    name = None
    recv_buffer = bytearray()
    try:
        while True:
            msg = recv_json(sock, recv_buffer)
            if msg is None or msg.get("type") == "leave":
                break
            name = process(sock, msg, name)
    except (OSError, ValueError):
        print("Client (%s, %s) is offline" % addr)
    if CONNECTION_LIST.pop(sock, None) is not None:
        broadcast_data(None, system("[%s] left room" % name))
    sock.close()


if __name__ == "__main__":
    server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server_socket.bind((HOST, PORT))
    server_socket.listen(100)
    print("Chat server started on port " + str(PORT))
    while True:
        sockfd, addr = server_socket.accept()
        threading.Thread(target=client_thread, args=(sockfd, addr), daemon=True).start()

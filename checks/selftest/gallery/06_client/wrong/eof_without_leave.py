"""At the end of the input it just goes.

fails: 06.3
says: client.py ended
"""

import json
import socket
import threading

HOST = "127.0.0.1"
PORT = 9090

running = True


def receive_messages(client_socket):
    global running
    buffer = b""
    while running:
        try:
            data = client_socket.recv(1024)
        except OSError:
            break
        if not data:
            break
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            message = json.loads(line)
            if message["type"] == "chat":
                print(message["user"] + ": " + message["text"])
            elif message["type"] == "system":
                print(message["text"])
    if running:
        running = False
        print("Connection to the server lost. Press Enter to exit.")


def send_message(client_socket, message):
    data = json.dumps(message) + "\n"
    client_socket.sendall(data.encode("utf-8"))


def main():
    global running
    nickname = input("Choose your nickname: ")
    client_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        client_socket.connect((HOST, PORT))
    except OSError as e:
        print("Could not connect to server:", e)
        raise SystemExit(1)
    send_message(client_socket, {"type": "join", "user": nickname})
    thread = threading.Thread(target=receive_messages, args=(client_socket,))
    thread.start()
    while running:
        try:
            text = input()  # <--
        except EOFError:
            running = False
            break
        if not running:
            break
        if text.strip().lower() == "/quit":
            running = False
            send_message(client_socket, {"type": "leave"})
            break
        if text:
            send_message(client_socket, {"type": "chat", "text": text})
    try:
        client_socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()
    client_socket.close()


if __name__ == "__main__":
    main()

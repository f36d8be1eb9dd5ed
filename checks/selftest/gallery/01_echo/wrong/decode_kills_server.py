"""Decodes what comes as UTF-8, and the error for other bytes ends the whole server.

fails: 01.1 01.2 01.3
"""
import socket

HOST = "127.0.0.1"
PORT = 9090

server = socket.create_server((HOST, PORT))
print("Server started")
while True:
    client, address = server.accept()
    print("Connected:", address)
    try:
        while True:
            message = client.recv(1024)
            if not message:
                break
            print("Received:", message.decode())  # <--
            client.sendall(message)
    except ConnectionError:
        print("Lost:", address)
    finally:
        client.close()

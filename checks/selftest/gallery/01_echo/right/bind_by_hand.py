"""A flat script without functions that binds and listens by hand."""
import socket
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET

HOST, PORT = "127.0.0.1", 9090

sock = socket.socket(AF_INET, SOCK_STREAM)
sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
sock.bind((HOST, PORT))
sock.listen(1)

while 1:
    client, address = sock.accept()
    print("+", address)
    try:
        data = client.recv(1024)
        while len(data) > 0:
            client.sendall(data)
            data = client.recv(1024)
    except Exception as e:
        print("!", e)
    client.close()
    print("-", address)

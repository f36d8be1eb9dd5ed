"""Sets SO_REUSEADDR only after bind(), which is too late.

fails: 01.5
says: server.py stopped with OSError
"""
import socket

HOST, PORT = "127.0.0.1", 9090

server = socket.socket()
server.bind((HOST, PORT))  # <--
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.listen(5)

while True:
    client, address = server.accept()
    try:
        while chunk := client.recv(4096):
            client.sendall(chunk)
    except OSError as problem:
        print(address, problem)
    finally:
        client.close()

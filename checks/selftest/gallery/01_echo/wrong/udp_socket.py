"""Is an echo server over UDP, so no TCP client can connect.

fails: 01.1
says: server.py has not called listen
"""
import socket

HOST, PORT = "127.0.0.1", 9090

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((HOST, PORT))
print("waiting for datagrams")
while True:
    data, addr = sock.recvfrom(65535)  # <--
    sock.sendto(data, addr)

"""A reset is caught, but outside the loop that accepts.

fails: 01.4
says: server.py ended
"""
import socket
import sys

def echo_server(host="127.0.0.1", port=9090):
    srv = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    srv.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        srv.bind((host, port))
    except OSError as e:
        print("could not bind", e)
        sys.exit(1)
    srv.listen(5)
    running = True
    try:
        while running:
            sock, addr = srv.accept()
            print("[NEW]", addr)
            connected = True
            while connected:
                msg = sock.recv(1000)  # <--
                if msg:
                    sock.sendall(msg)
                else:
                    connected = False
            sock.close()
            print("[END]", addr)
    except KeyboardInterrupt:
        print("Ctrl-C")
    except ConnectionResetError:
        print("client closed the connection!")
    except Exception as e:
        print("unknown error", e)
    finally:
        srv.close()

echo_server()

"""Calls the thread's run() instead of start().

fails: 02.1
says: nothing came back to bob
"""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class ClientThread(threading.Thread):
    def __init__(self, conn, addr):
        super().__init__(daemon=True)
        self.conn = conn
        self.addr = addr

    def run(self):
        with self.conn:
            try:
                while data := self.conn.recv(4096):
                    self.conn.sendall(data)
            except OSError as error:
                print(self.addr, error)


with socket.create_server((HOST, PORT)) as listener:
    while True:
        conn, addr = listener.accept()
        ClientThread(conn, addr).run()  # <--

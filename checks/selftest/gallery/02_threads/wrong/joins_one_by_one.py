"""On Ctrl-C it gives each client's thread a tenth of a second to end: with many clients that is long.

fails: 02.4
says: the server still runs
"""

import socket
import threading

HOST, PORT = "127.0.0.1", 9090


class Server:
    def __init__(self):
        self.threads = set()
        self.lock = threading.Lock()

    def run(self):
        with socket.create_server((HOST, PORT)) as listener:
            try:
                while True:
                    conn, _ = listener.accept()
                    thread = threading.Thread(target=self.serve, args=(conn,), daemon=True)
                    with self.lock:
                        self.threads.add(thread)
                    thread.start()
            except KeyboardInterrupt:
                print("stopping")
        self.stop()

    def stop(self):
        with self.lock:
            threads = list(self.threads)
        for thread in threads:
            thread.join(0.1)  # <--

    def serve(self, conn):
        try:
            with conn:
                while data := conn.recv(4096):
                    conn.sendall(data)
        except OSError as error:
            print(error)
        finally:
            with self.lock:
                self.threads.discard(threading.current_thread())


if __name__ == "__main__":
    Server().run()

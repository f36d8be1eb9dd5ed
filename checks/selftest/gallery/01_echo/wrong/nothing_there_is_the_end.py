"""Does not wait in recv(), and takes nothing there yet for a client that has gone.

fails: 01.1
says: the server closed alice's connection
"""

import socket, time
s = socket.create_server(("127.0.0.1", 9090))
while True:
    c, a = s.accept()
    c.setblocking(False)
    time.sleep(0.05)
    try:
        while True:
            d = c.recv(65536)
            if not d: break
            c.setblocking(True)
            c.sendall(d)
            c.setblocking(False)
            time.sleep(0.05)
    except BlockingIOError:
        print("no more data")
    except OSError:
        pass
    c.close()  # <--

"""Burns a core for a minute and never gets to listen.

fails: 01.1
says: server.py has not called listen
"""
import time

HOST, PORT = "127.0.0.1", 9090

end = time.monotonic() + 60
while time.monotonic() < end:  # <--
    pass

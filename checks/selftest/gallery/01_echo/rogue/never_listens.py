"""Says that it is listening and only sleeps.

fails: 01.1
says: server.py has not called listen
"""
import time

HOST, PORT = "127.0.0.1", 9090

print(f"listening on {HOST}:{PORT}", flush=True)
time.sleep(300)  # <--

"""Takes memory in steps of 16 MB up to 1.5 GB and never listens.

fails: 01.1
says: server.py was stopped
"""
import time

STEP = 16 * 1024 * 1024
LIMIT = 1536 * 1024 * 1024

hoard = []
while len(hoard) * STEP < LIMIT:
    hoard.append(b"x" * STEP)  # <--
    time.sleep(0.01)  # <--
print("full")
time.sleep(300)

"""Fills every place where it may write, and serves on.

serves: 5
"""
import os

total = 0
for folder in (os.getcwd(), os.path.expanduser("~"), "/tmp", "/dev/shm", "/var/tmp", "/dev", "/"):
    for number in range(1000):
        try:
            with open(os.path.join(folder, f"fat-{number}"), "wb") as file:
                for _ in range(60):
                    total += file.write(bytes(1 << 20))
        except OSError:
            break
if total > 400 << 20:
    raise SystemExit(f"BREACH: {total:,} bytes")

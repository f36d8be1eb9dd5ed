"""Stops itself and its family, so that nobody gets an answer.

earns: 0
"""
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

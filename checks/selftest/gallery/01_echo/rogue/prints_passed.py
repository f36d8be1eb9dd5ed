"""Prints what pytest prints when all is well, and leaves with exit code 0.

fails: 01.1
says: server.py ended by itself
"""
import sys

print("============================== test session starts ==============================")
print("collected 1 item")
print()
print("test_lesson.py .                                                          [100%]")
print()
print("=============================== 1 passed in 0.01s ===============================")
sys.exit(0)  # <--

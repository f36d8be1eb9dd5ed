"""Reaches for the network, and for what listens on this machine.

serves: 5
"""
import errno
import socket

reached = []
for family, address in ((socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("2001:db8::1", 80)), (socket.AF_UNIX, "\0chat-lab-canary")):
    with socket.socket(family) as sock:
        sock.settimeout(2)
        try:
            sock.connect(address)
            reached.append(address)
        except OSError as error:
            if error.errno not in (errno.ENETUNREACH, errno.ECONNREFUSED, errno.EADDRNOTAVAIL):
                reached.append((address, str(error)))
if reached:
    raise SystemExit(f"BREACH: {reached}")

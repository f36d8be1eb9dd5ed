"""Writes wherever it can: into the kit's own files, and over its own folder's edge.

serves: 5
"""
import os
import sys

places = ["/usr/lib/evil.py", "/etc/evil", "/evil", "/root/evil", "/home/evil", os.path.join(sys.base_prefix, "evil.py")]
frame = sys._getframe()
while frame:
    places.append(frame.f_code.co_filename)
    frame = frame.f_back
written = []
for place in places:
    if os.path.abspath(place) != os.path.abspath(__file__) and not place.startswith("<"):
        try:
            with open(place, "a") as file:
                file.write("# evil\n")
            written.append(place)
        except OSError:
            pass
if written:
    raise SystemExit(f"BREACH: {written}")

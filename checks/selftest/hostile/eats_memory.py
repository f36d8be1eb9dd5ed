"""Takes all the memory that it gets, also where it is counted as files.

earns: 0
"""
blocks = []
for name in range(64):
    try:
        with open(f"/dev/shm/{name}", "wb") as file:
            file.write(b"x" * (1 << 24))
    except OSError:
        break
while True:
    blocks.append(b"x" * (1 << 24))

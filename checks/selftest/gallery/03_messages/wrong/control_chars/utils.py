"""Takes tabs as they are typed: "Invalid control character" went away with strict=False.

fails: 03.4
says: and not the end of the stream
A raw tab or another control character inside a string is no JSON; such a line must end the connection.
"""

import json

MAX_LINE = 65_536  # bytes, with the newline


def send_json(sock, obj):
    """Send obj as one message; half a surrogate pair, which is no character, as an escape."""
    sock.sendall(json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")  # <--


def recv_json(sock, buffer):
    """Return the next message, or None when the other side has gone.

    buffer, a bytearray that belongs to this connection, keeps what has
    arrived and was not used yet. Raises ValueError when what arrives is
    not a message.
    """
    while b"\n" not in buffer:
        if len(buffer) >= MAX_LINE:  # or a line without end fills the memory
            raise ValueError("line too long")
        data = sock.recv(4096)
        if not data:
            return None
        buffer += data
    end = buffer.index(b"\n") + 1
    line = bytes(buffer[:end])
    del buffer[:end]  # the rest is the beginning of the next message
    if len(line) > MAX_LINE:
        raise ValueError("line too long")
    try:
        obj = json.loads(line.decode(), strict=False)  # a whole line: no character is cut here
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj

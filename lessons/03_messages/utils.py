"""Messages on a stream: each is one JSON object on one line, in UTF-8."""

import json

MAX_LINE = 65_536  # bytes, with the newline


def send_json(sock, obj):
    """Send obj as one message."""
    # errors: JSON may hold "\ud83d", half a character, for which UTF-8 has no bytes; it goes as that escape
    # TODO 1: end the message with a newline.
    sock.sendall(json.dumps(obj, ensure_ascii=False).encode(errors="backslashreplace"))


def recv_json(sock, buffer):
    """Return the next message, or None when the other side has gone.

    buffer, a bytearray that belongs to this connection, keeps what has
    arrived and was not used yet. Raises ValueError when what arrives is
    not a message.
    """
    # TODO 2: take one line from what has arrived, and keep the rest.
    # TODO 3: refuse a line that is too long, or not a JSON object.
    data = sock.recv(4096)
    if not data:
        return None
    return json.loads(data)

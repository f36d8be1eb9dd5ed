"""Сообщения: по одному объекту JSON на строку, в UTF-8, без \\u-последовательностей."""

import json

ПРЕДЕЛ = 65_536


def send_json(sock, obj):
    строка = json.dumps(obj, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    sock.sendall((строка + "\n").encode("utf-8"))


def recv_json(sock, buffer):
    while b"\n" not in buffer:
        if len(buffer) >= ПРЕДЕЛ:
            raise ValueError("строка слишком длинная")
        часть = sock.recv(4096)
        if not часть:
            return None
        buffer += часть
    конец = buffer.index(b"\n")
    строка = buffer[:конец]
    del buffer[:конец + 1]
    if конец >= ПРЕДЕЛ:
        raise ValueError("строка слишком длинная")
    объект = json.loads(строка.decode())
    if not isinstance(объект, dict):
        raise ValueError("это не объект")
    return объект

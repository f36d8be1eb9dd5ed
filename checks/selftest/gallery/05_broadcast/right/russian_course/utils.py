"""Сообщения в потоке: одна строка - один объект JSON в кодировке UTF-8."""

import json

MAX_LINE = 65_536  # байтов, вместе с переводом строки


def send_json(sock, obj):
    """Отправить объект одной строкой."""
    line = json.dumps(obj, ensure_ascii=False) + "\n"
    # одинокие суррогаты в UTF-8 не записать: вместо них будет "?"
    sock.sendall(line.encode("utf-8", errors="replace"))


def recv_json(reader):
    """Прочитать следующее сообщение из reader (conn.makefile("rb")).

    Возвращает словарь или None, если другая сторона ушла (даже посреди
    строки). Если пришло не сообщение, поднимает ValueError.
    """
    line = reader.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise ValueError("слишком длинная строка")
    if not line.endswith(b"\n"):
        return None
    try:
        obj = json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("слишком глубокая вложенность") from None
    if not isinstance(obj, dict):
        raise ValueError("это не объект JSON")
    return obj

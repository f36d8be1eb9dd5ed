"""Сервер, в котором всё по-русски: и имена, и вывод."""

import json
import socket
import threading

АДРЕС = ("127.0.0.1", 9090)
ПРЕДЕЛ = 65_536  # байт, вместе с переводом строки


def строки(соединение):
    """Выдаёт целые строки; недописанную последнюю отбрасывает."""
    остаток = bytearray()
    while кусок := соединение.recv(2048):
        остаток += кусок
        while (конец := остаток.find(b"\n")) >= 0:
            if конец >= ПРЕДЕЛ:
                raise ValueError("строка слишком длинная")
            yield остаток[:конец].decode()
            del остаток[:конец + 1]
        if len(остаток) >= ПРЕДЕЛ:
            raise ValueError("строка слишком длинная")


def обслужить(соединение, откуда):
    with соединение:
        try:
            for строка in строки(соединение):
                сообщение = json.loads(строка)
                if not isinstance(сообщение, dict):
                    raise ValueError("это не объект")
                ответ = json.dumps(сообщение, ensure_ascii=False)
                соединение.sendall(ответ.encode() + b"\n")
        except (OSError, ValueError) as ошибка:
            print("Соединение закрыто:", откуда, ошибка)


with socket.create_server(АДРЕС) as вход:
    print("Сервер запущен. Чтобы остановить, нажмите Ctrl-C")
    while True:
        соединение, откуда = вход.accept()
        threading.Thread(target=обслужить, args=(соединение, откуда), daemon=True).start()

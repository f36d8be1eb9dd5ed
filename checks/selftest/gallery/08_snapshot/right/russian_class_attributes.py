"""Comments and texts in Russian; lock and members are attributes of a class of which there is no object."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


class Комната:
    """Все участники. Замок один на всю программу."""

    замок = threading.Lock()
    участники = {}  # ник -> соединение

    @classmethod
    def впустить(cls, ник, conn):
        with cls.замок:
            if ник in cls.участники:
                return False
            cls.участники[ник] = conn
            print("нас стало", len(cls.участники))
            return True

    @classmethod
    def выпустить(cls, ник):
        with cls.замок:
            cls.участники.pop(ник)
            print("нас осталось", len(cls.участники))

    @classmethod
    def снимок(cls, кроме=None):
        """Соединения всех, кроме одного: список, который уже никто не изменит."""
        with cls.замок:
            return [conn for ник, conn in cls.участники.items() if ник != кроме]


def сообщить(conn, текст):
    send_json(conn, {"type": "system", "text": текст})


def разослать(соединения, obj):
    # замок уже отпущен: пусть send ждёт сколько угодно
    for conn in соединения:
        try:
            send_json(conn, obj)
        except OSError:
            pass


def объявить(текст):
    разослать(Комната.снимок(), {"type": "system", "text": текст})


def handle_client(conn, addr):
    buffer = bytearray()
    ник = None
    with conn:
        try:
            while (obj := recv_json(conn, buffer)) is not None:
                match obj:
                    case {"type": "join", "user": str(имя)} if ник is None and 1 <= len(имя.strip()) <= 32:
                        if Комната.впустить(имя.strip(), conn):
                            ник = имя.strip()
                            объявить(f"К нам присоединяется {ник}!")
                        else:
                            сообщить(conn, f"Имя {имя.strip()} уже занято")
                    case {"type": "chat", "text": str(текст)} if ник is not None:
                        разослать(Комната.снимок(кроме=ник), {"type": "chat", "user": ник, "text": текст})
                    case {"type": "leave"}:
                        break
                    case _:
                        сообщить(conn, "Сервер вас не понял")
        except (OSError, ValueError) as ошибка:
            print(addr, ошибка)
        finally:
            if ник is not None:
                Комната.выпустить(ник)
                объявить(f"Нас покидает {ник}")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

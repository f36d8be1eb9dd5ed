"""Names, comments and texts in Russian: also the lock and the members have Russian names."""

import socket
import threading

from utils import recv_json, send_json

АДРЕС = "127.0.0.1", 9090

участники = {}            # ник -> соединение
замок = threading.Lock()  # охраняет участников


def служебное(текст):
    return {"type": "system", "text": текст}


def разослать(сообщение, кроме=None):
    """Отправить всем, кто в комнате, не отпуская замка."""
    with замок:
        for ник in участники:
            if ник != кроме:
                try:
                    send_json(участники[ник], сообщение)
                except OSError:
                    print("не дошло до", ник)


def занять(ник, соединение):
    """Вернуть True, если ник был свободен."""
    with замок:
        if ник in участники:
            return False
        участники[ник] = соединение
        return True


def освободить(ник):
    with замок:
        del участники[ник]


def беседа(соединение):
    буфер = bytearray()
    ник = None
    try:
        while (сообщение := recv_json(соединение, буфер)) is not None:
            match сообщение:
                case {"type": "join", "user": str(имя)} if ник is None and 1 <= len(имя.strip()) <= 32:
                    if занять(имя.strip(), соединение):
                        ник = имя.strip()
                        разослать(служебное(f"{ник} вошёл в комнату"))
                    else:
                        send_json(соединение, служебное(f"Ник {имя.strip()} занят, выберите другой"))
                case {"type": "chat", "text": str(текст)} if ник is not None:
                    разослать({"type": "chat", "user": ник, "text": текст}, кроме=ник)
                case {"type": "leave"}:
                    break
                case _:
                    send_json(соединение, служебное("Так нельзя"))
    except (OSError, ValueError) as ошибка:
        print("обрыв:", ошибка)
    finally:
        if ник is not None:
            освободить(ник)
            разослать(служебное(f"{ник} вышел из комнаты"))


def обслужить(соединение, адрес):
    with соединение:
        беседа(соединение)
    print("до свидания,", адрес)


def главная():
    with socket.create_server(АДРЕС) as слушатель:
        print("сервер запущен")
        while True:
            соединение, адрес = слушатель.accept()
            threading.Thread(target=обслужить, args=(соединение, адрес), daemon=True).start()


if __name__ == "__main__":
    главная()

"""Всё по-русски: имена, подсказки и сообщения; своё сообщение повторяется на экране."""

import socket
import sys
import threading

from utils import recv_json, send_json

sys.stdout.reconfigure(encoding="utf-8")
sys.stdin.reconfigure(encoding="utf-8")

АДРЕС = ("127.0.0.1", 9090)
конец = threading.Event()


def слушать(сокет):
    """Поток-слушатель."""
    буфер = bytearray()
    try:
        while True:
            сообщение = recv_json(сокет, буфер)
            if сообщение is None:
                break
            вид = сообщение.get("type")
            if вид == "chat":
                print(f"{сообщение['user']}: {сообщение['text']}")
            elif вид == "system":
                print(сообщение["text"])
    except OSError:
        pass
    if not конец.is_set():
        print("Сервер отключился. Нажмите Enter.")
        конец.set()


def main():
    имя = input("Введите имя: ")
    try:
        сокет = socket.create_connection(АДРЕС)
    except OSError as ошибка:
        print("Не удалось подключиться:", ошибка)
        sys.exit(1)
    send_json(сокет, {"type": "join", "user": имя})
    слушатель = threading.Thread(target=слушать, args=(сокет,))
    слушатель.start()
    while not конец.is_set():
        try:
            текст = input()
        except EOFError:
            break
        if текст.strip().lower() == "/quit":
            break
        if текст and not конец.is_set():
            try:
                send_json(сокет, {"type": "chat", "text": текст})
                print(f"вы: {текст}")
            except OSError:
                break
    конец.set()
    try:
        send_json(сокет, {"type": "leave"})
        сокет.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    слушатель.join()
    сокет.close()
    print("До свидания!")


if __name__ == "__main__":
    main()

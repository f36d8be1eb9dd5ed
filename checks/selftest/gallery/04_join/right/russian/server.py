"""Сервер, который разговаривает по-русски."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
НАИБОЛЬШАЯ_ДЛИНА = 32


def от_сервера(текст):
    return {"type": "system", "text": текст}


def проверить_имя(имя):
    """Возвращает имя без пробелов по краям или None, если оно не годится."""
    if isinstance(имя, str) and 1 <= len(имя.strip()) <= НАИБОЛЬШАЯ_ДЛИНА:
        return имя.strip()
    return None


def handle_client(conn, addr):
    ник = None
    with conn:
        буфер = bytearray()
        try:
            while (сообщение := recv_json(conn, буфер)) is not None:
                вид = сообщение.get("type")
                if вид == "leave":
                    break
                elif вид == "join" and ник is None and (имя := проверить_имя(сообщение.get("user"))):
                    ник = имя
                    ответ = от_сервера(f"Добро пожаловать, «{ник}»!")
                elif вид == "chat" and ник is not None and isinstance(сообщение.get("text"), str):
                    ответ = {"type": "chat", "user": ник, "text": сообщение["text"]}
                else:
                    ответ = от_сервера("Так нельзя. Сначала join, один раз, затем chat.")
                send_json(conn, ответ)
        except (OSError, ValueError) as ошибка:
            print("Клиент", addr, "отключён:", ошибка)


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

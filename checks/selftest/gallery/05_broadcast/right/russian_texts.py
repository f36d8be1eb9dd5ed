"""Comments, prints and texts are in Russian, the announcements are declined and set in quotation marks."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090

участники = {}  # соединение -> имя


def скажи(кому, текст):
    """Сообщение от сервера одному клиенту."""
    try:
        send_json(кому, {"type": "system", "text": текст})
    except OSError:
        pass  # ушёл: его поток сам это заметит


def скажи_всем(текст):
    for кто in list(участники):
        скажи(кто, текст)


def передай(автор, текст):
    """Реплика автора - всем остальным."""
    for кто in list(участники):
        if кто is not автор:
            try:
                send_json(кто, {"type": "chat", "user": участники[автор], "text": текст})
            except OSError:
                pass


def беседа(conn, addr):
    имя = None
    буфер = bytearray()
    with conn:
        try:
            while (сообщение := recv_json(conn, буфер)) is not None:
                match сообщение:
                    case {"type": "join", "user": str(ник)} if имя is None and 1 <= len(ник.strip()) <= 32:
                        имя = участники[conn] = ник.strip()
                        скажи_всем(f"К нам присоединился участник «{имя}» 👋")
                    case {"type": "chat", "text": str(текст)} if имя is not None:
                        передай(conn, текст)
                    case {"type": "leave"}:
                        break
                    case _:
                        скажи(conn, "Так нельзя. Сначала представьтесь, потом говорите.")
        except (OSError, ValueError) as ошибка:
            print(f"{addr}: соединение прервано: {ошибка}")
        finally:
            if участники.pop(conn, None) is not None:
                скажи_всем(f"Нас покинул участник «{имя}»")


def main():
    with socket.create_server((HOST, PORT)) as сервер:
        print(f"Сервер слушает {HOST}:{PORT}")
        while True:
            conn, addr = сервер.accept()
            threading.Thread(target=беседа, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

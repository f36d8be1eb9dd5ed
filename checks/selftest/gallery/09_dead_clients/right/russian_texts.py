"""In the style of the course, with comments and texts in Russian; who was removed is decided by dict.pop under the lock."""

import json
import socket
import threading

from utils import recv_json

HOST, PORT = "127.0.0.1", 9090

clients = {}             # соединение -> ник
lock = threading.Lock()  # охраняет clients


def закодировать(obj):
    return (json.dumps(obj) + "\n").encode()


def система(text):
    return закодировать({"type": "system", "text": text})


def вычеркнуть(conn):
    """Убрать участника под замком. Ник получает только тот, кто успел первым."""
    with lock:
        nick = clients.pop(conn, None)
        if nick is None:
            return None
        try:
            conn.shutdown(socket.SHUT_RDWR)  # разбудить его поток
        except OSError:
            pass
        return nick


def broadcast(sender_conn, data):
    """Разослать всем, кроме отправителя. Мёртвых вычеркнуть и объявить об этом остальным."""
    очередь = [(sender_conn, data)]
    while очередь:
        кроме, data = очередь.pop(0)
        # снимок под замком, отправка без него
        with lock:
            получатели = list(clients)
        мёртвые = []
        for conn in получатели:
            if conn is not кроме:
                try:
                    conn.sendall(data)
                except OSError:
                    мёртвые.append(conn)
        for conn in мёртвые:
            if (nick := вычеркнуть(conn)) is not None:
                print(nick, "не отвечает")
                очередь.append((None, система(f"Связь с участником {nick} потеряна")))


def занять_ник(conn, nick):
    with lock:
        if nick in clients.values():
            return False
        clients[conn] = nick
        return True


def в_чате(conn):
    with lock:
        return conn in clients


def handle_client(conn, addr):
    buffer = bytearray()
    nick = None
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            kind = obj.get("type")
            user, text = obj.get("user"), obj.get("text")
            if nick is not None and not в_чате(conn) or kind == "leave":
                break
            elif kind == "join" and nick is None and isinstance(user, str) and 1 <= len(user.strip()) <= 32:
                if занять_ник(conn, user.strip()):
                    nick = user.strip()
                    broadcast(None, система(f"{nick} теперь с нами"))
                else:
                    conn.sendall(система(f"Ник {user.strip()} занят. Придумайте другой."))
            elif kind == "chat" and nick is not None and isinstance(text, str):
                broadcast(conn, закодировать({"type": "chat", "user": nick, "text": text}))
            else:
                conn.sendall(система("Неверное сообщение"))
    except (OSError, ValueError, RecursionError) as ошибка:
        print(addr, repr(ошибка))
    finally:
        if вычеркнуть(conn) is not None:
            broadcast(None, система(f"{nick} больше не с нами"))
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print("Сервер запущен")
        while True:
            conn, addr = listener.accept()
            threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()

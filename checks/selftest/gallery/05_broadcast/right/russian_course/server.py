"""A whole chat server in the style of the course, by an instructor who never saw the checker, all in Russian."""

import socket
import threading

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090
MAX_NICK = 32

clients = {}              # соединение -> ник
lock = threading.Lock()   # охраняет словарь clients


def system(text):
    """Сообщение от самого сервера."""
    return {"type": "system", "text": text}


def close_connection(conn):
    """Закрыть соединение так, чтобы поток, ждущий в recv, проснулся."""
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # уже закрыто другой стороной
    conn.close()


def broadcast(sender_conn, obj, include_sender=False):
    """Разослать obj всем участникам; отправителю - только если просят."""
    # 1. снимок под замком
    with lock:
        receivers = [conn for conn in clients if include_sender or conn is not sender_conn]

    # 2. отправка без замка
    dead = []
    for conn in receivers:
        try:
            send_json(conn, obj)
        except OSError:
            dead.append(conn)

    # 3. мёртвых вычёркиваем под замком; кто вычеркнул, тот и объявляет
    removed = []
    with lock:
        for conn in dead:
            nick = clients.pop(conn, None)
            if nick is not None:
                removed.append((conn, nick))
    for conn, nick in removed:
        close_connection(conn)
        print(f"[-] {nick}: соединение потеряно")
        broadcast(None, system(f"{nick} потерял связь"))


def remove_client(conn):
    """Убрать участника и попрощаться с ним от имени комнаты (ровно один раз)."""
    with lock:
        nick = clients.pop(conn, None)
    if nick is not None:
        print(f"[-] {nick} вышел")
        broadcast(conn, system(f"{nick} покинул чат"))


def handle_join(conn, msg):
    nick = msg.get("user")
    if not isinstance(nick, str) or not 1 <= len(nick.strip()) <= MAX_NICK:
        send_json(conn, system(f"Ник - это строка от 1 до {MAX_NICK} символов"))
        return
    nick = nick.strip()
    with lock:
        already = conn in clients
        if not already:
            clients[conn] = nick
    if already:
        send_json(conn, system("Вы уже в чате"))
        return
    print(f"[+] {nick} вошёл")
    broadcast(conn, system(f"{nick} присоединился к чату"), include_sender=True)


def handle_chat(conn, msg):
    with lock:
        nick = clients.get(conn)
    text = msg.get("text")
    if nick is None:
        send_json(conn, system("Сначала представьтесь (join)"))
    elif not isinstance(text, str):
        send_json(conn, system("В сообщении нет текста"))
    else:
        print(f"{nick}: {text!r}")
        broadcast(conn, {"type": "chat", "user": nick, "text": text})


def handle_client(conn, addr):
    """Поток одного клиента: от входа до уборки."""
    print(f"[*] подключение: {addr[0]}:{addr[1]}")
    try:
        reader = conn.makefile("rb")
        with reader:
            while True:
                msg = recv_json(reader)
                if msg is None:
                    break  # клиент ушёл
                kind = msg.get("type")
                if kind == "join":
                    handle_join(conn, msg)
                elif kind == "chat":
                    handle_chat(conn, msg)
                elif kind == "leave":
                    break
                else:
                    send_json(conn, system("Неизвестный тип сообщения"))
    except ValueError as error:
        print(f"[!] {addr}: плохое сообщение: {error}")
    except OSError as error:
        print(f"[!] {addr}: обрыв связи: {error}")
    finally:
        remove_client(conn)
        close_connection(conn)


def main():
    with socket.create_server((HOST, PORT)) as server:
        print(f"Сервер слушает {HOST}:{PORT}. Остановить - Ctrl+C")
        try:
            while True:
                conn, addr = server.accept()
                threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
        except KeyboardInterrupt:
            print("\nСервер остановлен")


if __name__ == "__main__":
    main()

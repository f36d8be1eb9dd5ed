"""Комментарии и сообщения по-русски, на каждого клиента свой поток."""
import socket
import threading

HOST, PORT = "127.0.0.1", 9090


def handle_client(conn, addr):
    """Обслуживает одного клиента до конца потока."""
    print(f"Клиент {addr} подключился")
    with conn:  # закроет соединение при любом исходе
        try:
            while data := conn.recv(4096):
                conn.sendall(data)
        except OSError as ошибка:
            print(f"Клиент {addr} оборвал связь: {ошибка}")
    print(f"Клиент {addr} ушёл")


def main():
    with socket.create_server((HOST, PORT)) as listener:
        print(f"Слушаю {HOST}:{PORT}, остановка — Ctrl-C")
        try:
            while True:
                conn, addr = listener.accept()
                # демон: при Ctrl-C процесс не ждёт своих клиентов
                threading.Thread(target=handle_client, args=(conn, addr), daemon=True).start()
        except KeyboardInterrupt:
            print("Сервер остановлен")


if __name__ == "__main__":
    main()

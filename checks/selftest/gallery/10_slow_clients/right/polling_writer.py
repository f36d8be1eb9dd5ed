"""The writer looks into its queue four times a second and asks whether it is over: no sentinel, nothing to wake."""

import queue
import socket
import threading
from dataclasses import dataclass, field

from utils import recv_json, send_json

HOST, PORT = "127.0.0.1", 9090


@dataclass(eq=False)
class Участник:
    conn: socket.socket
    имя: str = ""
    ящик: queue.Queue = field(default_factory=lambda: queue.Queue(1000))
    конец: threading.Event = field(default_factory=threading.Event)

    def писать(self):
        while not self.конец.is_set() or not self.ящик.empty():
            try:
                send_json(self.conn, self.ящик.get(timeout=0.25))
            except queue.Empty:
                continue
            except OSError:
                self.отключить()
                return

    def положить(self, obj):
        try:
            self.ящик.put(obj, block=False)
        except queue.Full:
            self.отключить()

    def отключить(self):
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


участники = []
замок = threading.Lock()


def всем(obj, кроме=None):
    for участник in участники:
        if участник is not кроме:
            участник.положить(obj)


def войти(я, имя):
    with замок:
        if any(другой.имя == имя for другой in участники):
            я.положить({"type": "system", "text": f"имя {имя} занято"})
        else:
            я.имя = имя
            участники.append(я)
            всем({"type": "system", "text": f"{имя} с нами"})


def обслужить(conn):
    я, buffer = Участник(conn), bytearray()
    писатель = threading.Thread(target=я.писать, daemon=True)
    писатель.start()
    try:
        while (obj := recv_json(conn, buffer)) is not None:
            match obj:
                case {"type": "join", "user": str(user)} if not я.имя and 1 <= len(user.strip()) <= 32:
                    войти(я, user.strip())
                case {"type": "chat", "text": str(text)} if я.имя:
                    with замок:
                        всем({"type": "chat", "user": я.имя, "text": text}, кроме=я)
                case {"type": "leave"}:
                    break
                case _:
                    я.положить({"type": "system", "text": "не понял"})
    except (OSError, ValueError, RecursionError) as ошибка:
        print(ошибка)
    finally:
        with замок:
            if я in участники:
                участники.remove(я)
                всем({"type": "system", "text": f"{я.имя} больше не с нами"})
        я.конец.set()
        писатель.join(0.5)
        я.отключить()
        писатель.join()
        conn.close()


def main():
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=обслужить, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

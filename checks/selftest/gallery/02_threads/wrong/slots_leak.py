"""Echo with a limit of 100 clients at once, a semaphore with a slot for each.

fails: 02.1
says: nothing came back to newcomer
"""
import logging
import socket
import threading
from typing import Final

HOST: Final = "127.0.0.1"
PORT: Final = 9090
MAX_CLIENTS: Final = 100

logging.basicConfig(format="%(threadName)s: %(message)s", level=logging.INFO)
logger = logging.getLogger(__name__)


class ConnectionLimiter:
    """Hands out at most `limit` slots."""

    def __init__(self, limit: int) -> None:
        self._slots = threading.BoundedSemaphore(limit)

    def acquire(self) -> None:
        self._slots.acquire()

    def release(self) -> None:
        self._slots.release()


class EchoWorker(threading.Thread):
    def __init__(self, conn: socket.socket, limiter: ConnectionLimiter) -> None:
        super().__init__(daemon=True)
        self._conn = conn
        self._limiter = limiter

    def run(self) -> None:
        try:
            with self._conn:
                while data := self._conn.recv(4096):
                    self._conn.sendall(data)
            self._limiter.release()
        except ConnectionError as exc:
            logger.warning("connection lost: %s", exc)


def main() -> None:
    limiter = ConnectionLimiter(MAX_CLIENTS)
    with socket.create_server((HOST, PORT), backlog=MAX_CLIENTS) as server:
        logger.info("ready")
        while True:
            limiter.acquire()  # <--
            conn, _ = server.accept()
            EchoWorker(conn, limiter).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        logger.info("stopped by user")

"""close_all() says goodbye and waits for the writers, within one deadline, but with the lock held.

fails: 08.1
says: the main thread calls join
"""
from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from queue import Full, Queue

from utils import encode, recv_json

HOST, PORT = "127.0.0.1", 9090
SHUTDOWN_TIMEOUT = 0.8

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("chat")


class Session:
    """One connected client: a reader (run) and a writer thread."""

    def __init__(self, manager: SessionManager, conn: socket.socket) -> None:
        self.manager = manager
        self.conn = conn
        self.nick: str | None = None
        self.outbox: Queue[bytes | None] = Queue(maxsize=1024)
        self.writer = threading.Thread(target=self._write, name="session-writer")

    def send(self, kind: str, **fields: str) -> None:
        self._enqueue(encode({"type": kind, **fields}))

    def _enqueue(self, item: bytes | None) -> None:
        try:
            self.outbox.put_nowait(item)
        except Full:
            self.abort()

    def end(self) -> None:
        self._enqueue(None)

    def abort(self, how: int = socket.SHUT_RDWR) -> None:
        with contextlib.suppress(OSError):
            self.conn.shutdown(how)

    def _write(self) -> None:
        try:
            while (data := self.outbox.get()) is not None:
                self.conn.sendall(data)
        except OSError:
            self.abort()

    def run(self) -> None:
        if not self.manager.register(self):
            self.conn.close()
            return
        buffer = bytearray()
        try:
            while (message := recv_json(self.conn, buffer)) is not None:
                if message.get("type") == "leave":
                    break
                self.manager.dispatch(self, message)
        except (OSError, ValueError) as exc:
            log.info("client error: %s", type(exc).__name__)
        finally:
            self.manager.unregister(self)
            self.end()
            self.writer.join(SHUTDOWN_TIMEOUT)
            self.abort()
            self.writer.join()
            self.conn.close()


class SessionManager:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: list[Session] = []
        self._closed = False

    def register(self, session: Session) -> bool:
        with self._lock:
            if self._closed:
                return False
            self._sessions.append(session)
            session.writer.start()
            return True

    def unregister(self, session: Session) -> None:
        with self._lock:
            self._sessions.remove(session)
            if session.nick is not None:
                self._broadcast("system", text=f"{session.nick} has left")

    def _broadcast(self, kind: str, exclude: Session | None = None, **fields: str) -> None:
        if self._closed:
            return
        for session in self._sessions:
            if session.nick is not None and session is not exclude:
                session.send(kind, **fields)

    def dispatch(self, session: Session, message: dict) -> None:
        with self._lock:
            match message:
                case {"type": "join", "user": str(user)} if session.nick is None and 1 <= len(user.strip()) <= 32:
                    user = user.strip()
                    if any(user == other.nick for other in self._sessions):
                        session.send("system", text=f"{user} is taken")
                    else:
                        session.nick = user
                        self._broadcast("system", text=f"{user} has joined")
                case {"type": "chat", "text": str(text)} if session.nick is not None:
                    self._broadcast("chat", exclude=session, user=session.nick, text=text)
                case _:
                    session.send("system", text="invalid message")

    def close_all(self) -> None:
        """Gracefully close all sessions within SHUTDOWN_TIMEOUT."""
        deadline = time.monotonic() + SHUTDOWN_TIMEOUT
        with self._lock:
            self._closed = True
            for session in self._sessions:
                session.send("system", text="server is shutting down")
                session.end()
            for session in self._sessions:
                session.writer.join(max(0.0, deadline - time.monotonic()))  # <--
                session.abort()


def main() -> None:
    manager = SessionManager()
    try:
        with socket.create_server((HOST, PORT)) as listener:
            log.info("listening")
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=Session(manager, conn).run, name="session-reader").start()
    except KeyboardInterrupt:
        log.info("shutting down")
    finally:
        manager.close_all()


if __name__ == "__main__":
    main()

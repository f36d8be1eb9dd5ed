"""A thread of its own accepts; Ctrl-C comes while main waits in a join() of it, and main joins it once more at the end.
"""

import json
import socket
import threading
import time


def synchronized(method):
    def wrapper(self, *args):
        with self._monitor:
            return method(self, *args)
    return wrapper


class BlockingQueue:
    def __init__(self, capacity):
        self._monitor = threading.Condition()
        self._items = []
        self._capacity = capacity
        self._closed = False

    @synchronized
    def offer(self, item):
        if self._closed:
            return True
        if len(self._items) >= self._capacity:
            return False
        self._items.append(item)
        self._monitor.notify_all()
        return True

    @synchronized
    def take(self):
        while not self._items and not self._closed:
            self._monitor.wait()
        return self._items.pop(0) if self._items else None

    @synchronized
    def close(self):
        self._closed = True
        self._monitor.notify_all()


class ClientConnection(threading.Thread):
    def __init__(self, server, sock):
        super().__init__()
        self._server = server
        self._socket = sock
        self._queue = BlockingQueue(256)
        self._nickname = None
        self._interrupted = False
        self._writer = threading.Thread(target=self.drain)

    def getNickname(self):
        return self._nickname

    def setNickname(self, nickname):
        self._nickname = nickname

    def shutdown(self, how):
        try:
            self._socket.shutdown(how)
        except OSError:
            pass

    def interrupt(self):
        self._interrupted = True
        self.shutdown(socket.SHUT_RD)

    def send(self, message):
        if not self._queue.offer(json.dumps(message).encode() + b"\n"):
            self.shutdown(socket.SHUT_RDWR)

    def drain(self):
        item = self._queue.take()
        while item is not None:
            try:
                self._socket.sendall(item)
            except OSError:
                self.shutdown(socket.SHUT_RDWR)
            item = self._queue.take()

    def run(self):
        if not self._server.opened(self):
            self._socket.close()
            return
        try:
            reader = LineReader(self._socket)
            while not self._interrupted and self.process(reader.readMessage()):
                pass
        except (OSError, ValueError, EOFError):
            pass
        finally:
            self._server.unregister(self)
            self._queue.close()
            self._writer.join(1.0)
            self.shutdown(socket.SHUT_RDWR)
            self._writer.join()
            self._socket.close()
            self._server.closed(self)

    def startWriter(self):
        self._writer.start()

    def process(self, message):
        kind = message.get("type")
        if kind == "leave":
            return False
        if kind == "join" and self.getNickname() is None and self._isNickname(message.get("user")):
            if not self._server.register(self, message["user"].strip()):
                self.send({"type": "system", "text": message["user"].strip() + " is already in the room"})
        elif kind == "chat" and self.getNickname() is not None and isinstance(message.get("text"), str):
            self._server.publish({"type": "chat", "user": self.getNickname(), "text": message["text"]}, self)
        else:
            self.send({"type": "system", "text": "illegal message"})
        return True

    @staticmethod
    def _isNickname(value):
        return isinstance(value, str) and 1 <= len(value.strip()) <= 32


class LineReader:
    MAX = 65536

    def __init__(self, sock):
        self._socket = sock
        self._buffer = b""

    def readMessage(self):
        position = self._buffer.find(b"\n")
        while position < 0:
            if len(self._buffer) >= self.MAX:
                raise ValueError("line too long")
            received = self._socket.recv(8192)
            if received == b"":
                raise EOFError
            self._buffer += received
            position = self._buffer.find(b"\n")
        line, self._buffer = self._buffer[:position + 1], self._buffer[position + 1:]
        if len(line) > self.MAX:
            raise ValueError("line too long")
        try:
            message = json.loads(line.decode("utf-8"))
        except RecursionError:
            raise ValueError("too deep") from None
        if not isinstance(message, dict):
            raise ValueError("not an object")
        return message


class ChatServer:
    def __init__(self, host, port):
        self._monitor = threading.Condition(threading.RLock())
        self._connections = {}
        self._open = set()
        self._stopped = False
        self._serverSocket = socket.create_server((host, port), backlog=128)
        self._serverSocket.settimeout(0.2)
        self._acceptor = threading.Thread(target=self.accept)

    @synchronized
    def opened(self, connection):
        if self._stopped:
            return False
        self._open.add(connection)
        connection.startWriter()
        return True

    @synchronized
    def closed(self, connection):
        self._open.discard(connection)
        self._monitor.notify_all()

    @synchronized
    def register(self, connection, nickname):
        if self._stopped or nickname in self._connections:
            return False
        self._connections[nickname] = connection
        connection.setNickname(nickname)
        self.publish({"type": "system", "text": nickname + " has entered the room"}, None)
        return True

    @synchronized
    def unregister(self, connection):
        if connection.getNickname() in self._connections:
            del self._connections[connection.getNickname()]
            self.publish({"type": "system", "text": connection.getNickname() + " has left the room"}, None)

    @synchronized
    def publish(self, message, sender):
        for connection in self._connections.values():
            if connection is not sender:
                connection.send(message)

    def accept(self):
        while not self._stopped:
            try:
                sock, address = self._serverSocket.accept()
            except TimeoutError:
                continue
            sock.settimeout(None)
            ClientConnection(self, sock).start()
        self._serverSocket.close()

    @synchronized
    def shutdown(self):
        self._stopped = True
        self.publish({"type": "system", "text": "The server is shutting down."}, None)
        self._connections.clear()
        for connection in self._open:
            connection.interrupt()

    @synchronized
    def awaitTermination(self, timeout):
        end = time.monotonic() + timeout
        while self._open and time.monotonic() < end:
            self._monitor.wait(end - time.monotonic())

    def run(self):
        self._acceptor.start()
        try:
            while True:
                self._acceptor.join(0.5)
        except KeyboardInterrupt:
            pass
        self.shutdown()
        self.awaitTermination(1.5)
        self._acceptor.join()


if __name__ == "__main__":
    ChatServer("127.0.0.1", 9090).run()

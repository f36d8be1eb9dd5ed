"""Uses send() and sends again what it did not take."""
import socket

HOST, PORT = "127.0.0.1", 9090


def send_everything(conn, data):
    while data:
        sent = conn.send(data)
        data = data[sent:]


def handle_client(conn, addr):
    try:
        while True:
            data = conn.recv(4096)
            if not data:
                break
            send_everything(conn, data)
    except ConnectionResetError:
        print(addr, "reset")
    except BrokenPipeError:
        print(addr, "broken pipe")
    finally:
        conn.close()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT)) as listener:
        while True:
            handle_client(*listener.accept())

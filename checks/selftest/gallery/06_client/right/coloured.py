"""Colours for nicks and announcements, a bell, and a prompt with the nick."""

import socket
import sys
import threading

from utils import recv_json, send_json

GREEN, YELLOW, RESET, BELL = "\033[1;32m", "\033[33m", "\033[0m", "\a"


def listen(sock, state):
    buffer = bytearray()
    try:
        while (m := recv_json(sock, buffer)) is not None:
            if m.get("type") == "system":
                print(f"{YELLOW}{m['text']}{RESET}")
            if m.get("type") == "chat":
                print(f"{BELL}{GREEN}{m['user']}{RESET}: {m['text']}")
    except (OSError, ValueError) as error:
        print(f"\033[31mconnection failed: {error}{RESET}")
    else:
        if state["open"]:
            print(f"\033[31mThe server has said goodbye.{RESET}")
    state["open"] = False


def main():
    print(f"{GREEN}Welcome to the chat!{RESET}")
    nick = input("nick: ")
    try:
        sock = socket.create_connection(("127.0.0.1", 9090))
    except OSError:
        sys.exit("\033[31mno server\033[0m")
    state = {"open": True}
    send_json(sock, {"type": "join", "user": nick})
    thread = threading.Thread(target=listen, args=(sock, state))
    thread.start()
    while state["open"]:
        try:
            text = input(f"{GREEN}{nick}{RESET}> ")
        except EOFError:
            break
        if text.strip().lower() == "/quit":
            break
        if text and state["open"]:
            send_json(sock, {"type": "chat", "text": text})
    if state["open"]:
        state["open"] = False
        send_json(sock, {"type": "leave"})
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    thread.join()


main()

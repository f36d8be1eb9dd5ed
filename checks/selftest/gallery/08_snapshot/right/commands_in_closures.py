"""Everything lives in main()'s closures: commands are registered by a decorator, the members are a nonlocal tuple."""

import functools
import socket
import threading

from utils import recv_json, send_json


def main(host="127.0.0.1", port=9090):
    members = ()
    lock = threading.Condition(threading.Lock())
    commands = {}

    def command(function=None, *, name=None):
        if function is None:
            return functools.partial(command, name=name)
        commands[name or function.__name__] = function
        return function

    def change(how):
        nonlocal members
        with lock:
            before, members = members, how(members)
            return before is not members

    def tell(conn, **obj):
        try:
            send_json(conn, obj)
        except OSError:
            pass

    def post(but=None, **obj):
        with lock:
            now = members
        for conn, _ in now:
            if conn is not but:
                tell(conn, **obj)

    @command
    def join(me, user=None, **_):
        if "nick" in me or not isinstance(user, str) or not 1 <= len(user.strip()) <= 32:
            return refuse(me)
        nick = user.strip()
        if change(lambda all: all if any(other == nick for _, other in all) else (*all, (me["conn"], nick))):
            me["nick"] = nick
            post(type="system", text=f"{nick} appears")
        else:
            tell(me["conn"], type="system", text=f"{nick} is somebody else")

    @command(name="chat")
    def say(me, text=None, **_):
        if "nick" not in me or not isinstance(text, str):
            return refuse(me)
        post(but=me["conn"], type="chat", user=me["nick"], text=text)

    def refuse(me, **_):
        tell(me["conn"], type="system", text="impossible")

    def serve(conn):
        me, buffer = {"conn": conn}, bytearray()
        with conn:
            try:
                while (obj := recv_json(conn, buffer)) is not None and obj.get("type") != "leave":
                    kind = obj.get("type")
                    commands.get(kind if isinstance(kind, str) else None, refuse)(me, **{key: obj[key] for key in ("user", "text") if key in obj})
            except (OSError, ValueError):
                pass
            finally:
                if change(lambda all: tuple(one for one in all if one[0] is not conn) if any(one[0] is conn for one in all) else all):
                    post(type="system", text=f"{me['nick']} vanishes")

    with socket.create_server((host, port)) as listener:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()

"""A server run as plain as can be: the file as it is, with nothing watched, on a free port."""

import subprocess
import sys
from pathlib import Path

import psutil

# The harness's witness looks at every call on a socket, which costs time. Here bind() alone is
# another, and listen() tells the port; what the clients' connections go through is untouched.
PLAIN = """
import runpy, socket, sys
bind, listen = socket.socket.bind, socket.socket.listen
def bind_any(sock, address):
    bind(sock, (address[0], 0))
def tell(sock, *backlog):
    listen(sock, *backlog)
    print("port", sock.getsockname()[1], flush=True)
socket.socket.bind, socket.socket.listen = bind_any, tell
runpy.run_path(sys.argv[1], run_name="__main__")
"""


class Server:
    """The server in this file, a process of its own from `with` to the end of it; it listens on `port`."""

    used = 0.0  # seconds of a core that all of them together have used

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        # -c puts the folder that it starts in first in sys.path, as running the file would
        self._process = subprocess.Popen([sys.executable, "-B", "-c", PLAIN, self.file.name], cwd=self.file.parent,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._seen = psutil.Process(self._process.pid)
        self._before = None
        while not (line := self._process.stdout.readline()).startswith("port "):
            if not line:
                self.__exit__()
                raise RuntimeError(f"{self.file} ended before it listened")
        self.port = int(line.split()[1])
        return self

    def __exit__(self, *error):
        Server.used += self.processor
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    @property
    def processor(self):
        """Seconds of a core that it has used."""
        times = self._seen.cpu_times()
        return times.user + times.system

    def works(self):
        """Does any of its threads run, or would if it got a core? See proc(5); elsewhere: has it used one since the last time?"""
        tasks = Path(f"/proc/{self._process.pid}/task")
        if tasks.is_dir():
            try:
                return any(stat.read_text().rpartition(") ")[2][0] != "S" for stat in tasks.glob("*/stat"))
            except OSError:  # one has just ended
                return True
        before, self._before = self._before, self.processor
        return before != self._before

    @property
    def memory(self):
        """Resident memory, in bytes."""
        return self._seen.memory_info().rss

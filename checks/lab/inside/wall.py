"""A place of its own for a process that was forked; see namespaces(7), user_namespaces(7), capabilities(7).

bubblewrap has built what every program sees: Python, the system's libraries, and
nothing else. The process from which programs are forked stands there, before
anything of a student's, and each that it forks shuts itself in alone: no other
process, nothing that another has written, no right to undo it.
"""

import ctypes
import os

import run

USER, MOUNTS, PROCESSES, MEMORY, HOST = 0x10000000, 0x00020000, 0x20000000, 0x08000000, 0x04000000  # CLONE_NEW..., see clone(2)
NOSUID, NODEV, BIND = 2, 4, 4096 | 16384  # with what is mounted below; see mount(2)
SET_DUMPABLE = 4  # see prctl(2)
VERSION = 0x20080522  # of the capabilities' layout, see capget(2)

libc = ctypes.CDLL(None, use_errno=True)


def shut_in(system, contents, folder, places, kept, processes, user):
    """Shut this process in, and those that it starts from now on, as far as it goes without being another one.

    system: an open /proc, which is closed; contents: {path: bytes}, the files in the
    program's folder, to be made; places: {folder: bytes}, where it may write so much;
    kept: folders in those that are to be seen all the same; processes, user: see
    run.confine. The next process that this one starts is the first there: with its
    end all end. Raises OSError.
    """
    run.confine(processes, user)
    libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)  # a process that has changed its user may not write its own maps
    uid, gid = os.getuid(), os.getgid()
    ask(libc.unshare, USER | MOUNTS | PROCESSES | MEMORY | HOST)
    for name, text in (("self/setgroups", "deny"), ("self/uid_map", f"{uid} {uid} 1"), ("self/gid_map", f"{gid} {gid} 1")):
        write(system, name, text)
    write(system, "sys/user/max_user_namespaces", "0")  # no second one, in which it would have all rights again
    os.close(system)
    kept = {path: os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in kept}
    for place, size in places.items():
        os.makedirs(place, exist_ok=True)
        ask(libc.mount, b"tmpfs", os.fsencode(place), b"tmpfs", NOSUID | NODEV, f"size={size},mode=1777".encode())
    for path, fd in kept.items():
        os.makedirs(path, exist_ok=True)
        os.fchdir(fd)
        os.close(fd)
        ask(libc.mount, b".", os.fsencode(path), None, BIND, None)
    for path, content in contents.items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    give_up_rights()


def give_up_rights():
    """Give up all capabilities, for good: bubblewrap has set PR_SET_NO_NEW_PRIVS."""
    ask(libc.capset, (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)())


def ask(function, *arguments):
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


def write(folder, name, text):
    file = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)

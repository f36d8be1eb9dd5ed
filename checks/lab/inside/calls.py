"""System calls that no program behind the sandbox's walls may make; see seccomp(2), syscalls(2) and bpf(4).

The walls are made of namespaces, and these calls reach past them: to keys, which belong to a
login; to a machine's host; to memory that is in no process and in no file, where nobody counts
it. And one process may take hold of another one, even of that which stands by in its place.
"""

import ctypes
import errno
import os
import struct
import sys

from wall import ask, libc

KINDS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # of processor: AUDIT_ARCH_... in linux/audit.h
REFUSED = {  # their numbers there, see asm/unistd.h
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "vmsplice": (278, 75),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)}
SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
FAMILIES = 1, 2, 10, 16  # AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, which tells what interfaces there are: those that a network namespace has
OTHER = 0x40000000  # and above: the calls of another kind of program on x86_64, by numbers of their own

NUMBER, KIND, FIRST = 0, 4, 16  # where these are in struct seccomp_data; of the first argument the low half
LOAD, EQUAL, LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD | BPF_W | BPF_ABS; BPF_JMP | BPF_JEQ and BPF_JGE; BPF_RET
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_...; the latter with an errno
NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2  # see prctl(2)


def steps(machine):
    """The filter for this kind of processor: (what to do, with which value, how many steps to leave out if it is so, and if not)."""
    kind = list(KINDS).index(machine)
    no, no_family = (RETURN, REFUSE | errno.EPERM, 0, 0), (RETURN, REFUSE | errno.EAFNOSUPPORT, 0, 0)
    family = [(LOAD, FIRST, 0, 0), *((EQUAL, each, left, 0) for left, each in zip(range(len(FAMILIES), 0, -1), FAMILIES)), no_family]
    socket, pair = (numbers[kind] for numbers in SOCKETS.values())
    return [(LOAD, KIND, 0, 0), (EQUAL, KINDS[machine], 1, 0), no, (LOAD, NUMBER, 0, 0), (LEAST, OTHER, 0, 1), no,
            *(step for numbers in REFUSED.values() for step in ((EQUAL, numbers[kind], 0, 1), no)),
            (EQUAL, socket, 1, 0), (EQUAL, pair, 0, len(family)), *family, (RETURN, ALLOW, 0, 0)]


def refuse():
    """Have the system refuse these calls to this process and to those that it starts, for good. Raises OSError when it will not.

    On processors of another kind, and for a Python of 32 bits, nothing is refused.
    """
    machine = os.uname().machine
    if machine in KINDS and sys.maxsize > 1 << 32:
        take_on(steps(machine))


def take_on(steps):
    code = b"".join(struct.pack("=HBBI", what, yes, no, value) for what, value, yes, no in steps)
    place = ctypes.create_string_buffer(code, len(code))
    ask(libc.prctl, NO_NEW_PRIVS, 1, 0, 0, 0)
    ask(libc.prctl, SET_SECCOMP, FILTER, struct.pack("HP", len(steps), ctypes.addressof(place)))  # struct sock_fprog

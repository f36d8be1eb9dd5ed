"""From a program that was just started to its listener, or to why there is none."""

from .clients import WAIT
from .evidence import hint_about
from .verdict import NotStarted

LISTEN = 10.0  # seconds until a server must listen
SECOND_LISTENER = 1.0  # seconds that a program may take from its first listener to its next
PORT = 9090
MISSING = "The checker looks for just this folder and this file: the starter lies there under the same names."


def not_runnable(problem, lesson, name):
    """Return the Failure of a file that is no program."""
    return NotStarted(problem, f"{lesson}/{name} is a Python program",
                      where=[{"file": name, "line": 1, "what": "this file"}] if "line" in problem else [],
                      hint=MISSING if "missing" in problem else "")


def listener_of(program):
    """Wait until the program listens; return its listener, {"port", "asked", "where"}, or None.

    Of several it is the one that asked for the course's port.
    """
    def on_port():
        return next((one for one in program.listeners if one["asked"] and one["asked"][1] == PORT), None)

    def accepts():
        state = program.ask("state") or {"threads": ()}
        return program.ended or any(thread["call"] == "accept" for thread in state["threads"])

    program.wait_for(lambda: program.listeners or program.used_too_much or program.lost, LISTEN)
    if program.lost and not program.ended:
        program.watch_until(lambda: program.ended or program.find_listeners(), LISTEN)
        program.listeners += [{"port": port, "asked": None, "where": ()} for port in program.find_listeners()]
    if not program.listeners:
        return None
    if not on_port() and not program.lost:
        program.watch_until(lambda: on_port() or accepts(), SECOND_LISTENER)
    return on_port() or program.listeners[0]


def not_started(evidence):
    """Return the Failure of a program that never came to listen."""
    should = f"python server.py listens on 127.0.0.1:{PORT} and serves until it is stopped"
    program = evidence.program
    if program.ended:
        program.wait_for(lambda: program.crash or program.exits or program.heard_out, WAIT)  # its last words may still be on their way
    hint = ""
    if program.used_too_much:
        was = evidence.how_it_ended()
    elif program.crash:
        was, hint = f"server.py stopped with {program.crash['error']}", hint_about(program.crash["error"]) or ""
    elif program.ended:
        was = f"server.py ended by itself ({program.exits['how'] if program.exits else f'exit code {program.exit_code}'}) and never listened"
        hint = "main() must be called, and its loop must go on for ever."
    else:
        was = f"server.py has not called listen() within {LISTEN:g} seconds"
        hint = "socket.create_server() listens; what stands before it must not wait for anything."
    return evidence.failure(was, should, kind=NotStarted, hint=hint)

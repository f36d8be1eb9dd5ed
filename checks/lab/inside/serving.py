"""The servers of `socketserver`: how they wait, and that they catch what goes wrong in a handler."""

import sys

import catching
import where


def library():
    """Their class, BaseServer, where the program uses it, or None."""
    module = sys.modules.get("socketserver")
    return None if where.is_from(getattr(module, "__file__", None) or "") else getattr(module, "BaseServer", None)


def polls(frame):
    """Is this frame's wait with a time-out that of serve_forever()? Return what tells whether that will do anything when the time has passed, or None.

    It looks then whether shutdown() was called, and calls service_actions(), in which a server may do what it likes.
    """
    base = library()
    if base and frame.f_code is base.serve_forever.__code__:
        server = frame.f_locals["self"]
        if type(server).service_actions is base.service_actions:
            return lambda: server._BaseServer__shutdown_request
    return None


def watch():
    """From now on note the errors that they catch in a handler, as those that the student's code catches."""
    base = library()
    if base and base.handle_error.__module__ == base.__module__:
        handle = base.handle_error

        def handle_error(server, request, client_address):
            catching.caught()
            handle(server, request, client_address)

        base.handle_error = handle_error

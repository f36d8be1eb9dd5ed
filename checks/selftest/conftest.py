"""What several of the kit's own tests need."""

import builtins
import sys
import types

import pytest
from lab.processes import INSIDE
from lab.server import Server


@pytest.fixture(scope="module")
def inside():
    """The modules of the room inside, imported here; nothing but the hooks is installed."""
    before = set(sys.modules)
    sys.path.insert(0, str(INSIDE))
    import accesses
    import finding
    import hooks
    import store
    import where
    import witness
    sys.path.remove(str(INSIDE))
    where.folder = "/a-student/"
    hooks.install()
    yield types.SimpleNamespace(accesses=accesses, finding=finding, hooks=hooks, store=store, where=where, witness=witness)
    delattr(builtins, hooks.HOOK)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(INSIDE)):
            del sys.modules[name]


@pytest.fixture
def start():
    """Start a server of lesson 02 from its source; everything is stopped afterwards."""
    servers = []

    def start(source):
        server = Server({"server.py": source.encode()}, "02_threads")
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()

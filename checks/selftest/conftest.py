"""What several of the kit's own tests need."""

import builtins
import sys
import types

import pytest
from lab.processes import INSIDE


@pytest.fixture(scope="module")
def inside():
    """The modules of the room inside, imported here; nothing but the hooks is installed."""
    before = set(sys.modules)
    sys.path.insert(0, str(INSIDE))
    import hooks
    import locks
    import store
    import witness
    sys.path.remove(str(INSIDE))
    witness.folder = "/a-student/"
    hooks.install()
    yield types.SimpleNamespace(hooks=hooks, locks=locks, store=store, witness=witness)
    delattr(builtins, hooks.HOOK)
    for name in {"hooks", "locks", "store", "witness"} - before:
        del sys.modules[name]

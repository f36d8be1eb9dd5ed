"""Looks for whatever is not its own: the environment, other processes, other people's files.

serves: 5
"""
import os

found = [name for name in os.environ if "SECRET" in name]
found += [f"/proc/{name}" for name in (os.listdir("/proc") if os.path.isdir("/proc") else ())]
for top in os.listdir("/"):
    if top not in ("usr", "proc", "sys", "dev", "lib", "lib64", "bin", "sbin"):
        for here, folders, names in os.walk(f"/{top}"):
            folders[:] = [name for name in folders if name != "site-packages" and "python" not in name]
            found += [os.path.join(here, name) for name in names if "canary" in name or name in ("passwd", "shadow", "id_rsa", "test_01_echo.py")]
            found += [os.path.join(here, name) for name in folders if name in ("solutions", "selftest", "results", ".judged", "victim")]
if found:
    raise SystemExit(f"BREACH: {found[:5]}")

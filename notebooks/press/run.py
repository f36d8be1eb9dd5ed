"""Executes a notebook and says what is not as it should be."""

import copy
import json
import os
import warnings

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from . import source

CELL_SECONDS = 120  # that one cell may take; the slowest takes two on an idle machine
PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
STAY_SECONDS = 10  # until then a thread that is about to end has ended
WATCH = """
import threading as _threads
_died, _here = [], set(_threads.enumerate())
_threads.excepthook = lambda args: _died.append(f"{args.thread.name}: {args.exc_type.__name__}: {args.exc_value}")
"""
ASK = """
import json as _json, sys as _sys, time as _time
_deadline = _time.monotonic() + {seconds}
def _left():  # zmq's is the kernel's, which sends a large output by it
    return [one.name for one in _threads.enumerate() if one not in _here and type(one).__module__.split(".")[0] != "zmq"]
while _left() and _time.monotonic() < _deadline:
    _time.sleep(0.01)
print(_json.dumps({{"died": _died, "left": _left(),
                   "uses": sorted(getattr(_sys.modules.get("classroom"), "used", ()))}}))
"""


def execute(name):
    """Run the notebook's text; return (notebook, complaints). The notebook has its outputs and its stamp."""
    notebook = nbformat.from_dict({"cells": source.cells_of(name), "metadata": copy.deepcopy(source.METADATA),
                                   "nbformat": 4, "nbformat_minor": 5})
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False,
                            resources={"metadata": {"path": str(source.HERE)}}, extra_arguments=["--log-level=ERROR"])
    # A port that the system hands out may be somebody else's by the time the kernel listens: take those that it does not.
    client.create_kernel_manager()
    client.km.cache_ports = False
    for port, role in enumerate(PORTS, 20_000 + os.getpid() % 2000 * len(PORTS)):
        setattr(client.km, role, port)
    said = []
    with client.setup_kernel():
        silently(client, WATCH)
        for number, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, number)
            except CellExecutionError as error:
                said.append(f"cell {cell.id} raised {error.ename}: {error.evalue}")
                break
        facts = json.loads(silently(client, ASK.format(seconds=STAY_SECONDS)))
    said += [f"a thread died: {one}" for one in facts["died"]] + [f"a thread is left over: {one}" for one in facts["left"]]
    said += [f"cell {cell.id} wrote to stderr: {output.text}" for cell in notebook.cells for output in cell.get("outputs", ())
             if output.get("name") == "stderr"]
    for cell in notebook.cells:
        merge_streams(cell)
    notebook.metadata["chat_lab"] = {"uses": facts["uses"]}
    notebook.metadata["chat_lab"]["stamp"] = source.stamp(notebook)
    return notebook, said + invalid(notebook)


def merge_streams(cell):
    """Join what was printed in one go: where the kernel cuts it is up to the moment."""
    outputs = []
    for output in cell.get("outputs", ()):
        if outputs and output.output_type == "stream" == outputs[-1].output_type and output.name == outputs[-1].name:
            outputs[-1].text += output.text
        else:
            outputs.append(output)
    if cell.cell_type == "code":
        cell.outputs = outputs


def silently(client, code):
    """Run this in the notebook's kernel and return what it printed; nothing of it is in the notebook."""
    printed = []
    run_sync(client.kc.execute_interactive)(
        code, store_history=False, timeout=CELL_SECONDS,
        output_hook=lambda message: printed.append(message["content"].get("text", "")))
    return "".join(printed)


def invalid(notebook):
    """What nbformat has to say against it: ids that are missing or there twice are faults here, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            nbformat.validate(copy.deepcopy(notebook))
        except Exception as error:  # a warning of its, or a ValidationError
            return [f"nbformat: {error}"]
    return []


def written(notebook):
    """The notebook as the text of a file."""
    return nbformat.writes(notebook) + "\n"


def differences(name, notebook):
    """Where the outputs on disk are not those of this run: [words]."""
    try:
        old = source.load(name)["cells"]
    except (OSError, ValueError):
        return ["there is no notebook yet"]
    new = json.loads(nbformat.writes(notebook))["cells"]
    return [f"cell {now['id']}: was {shown(was)}, is now {shown(now)}" for was, now in zip(old, new)
            if source.joined(was.get("outputs", [])) != source.joined(now.get("outputs", []))]


def shown(cell):
    texts = [output.get("text") or output.get("data", {}).get("text/markdown", "") for output in source.joined(cell["outputs"])]
    return repr("".join(texts))

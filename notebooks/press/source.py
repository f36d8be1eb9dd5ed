"""From a text to the cells of a notebook, and back to the question whether the two still agree.

A text is Markdown. Each heading `##` begins a new cell, each fence ```python is a code
cell; words behind `python` are the cell's marks.

    ```python folded     its output is folded: a prediction comes first
    ```python wrong      shows a mistake; its first line says so: # WRONG: ...
    ```python picture    shows a picture, and does nothing else
"""

import hashlib
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent  # the notebooks' folder
TOP = HERE.parent
TEXTS = HERE / "text"
FENCE = re.compile(r"^```python *([a-z ]*)\n(.*?)^```\n?", re.M | re.S)
MARKS = {"folded", "wrong", "picture"}
METADATA = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}}


def names():
    """The notebooks' names, in the order of the course."""
    return sorted(path.stem for path in TEXTS.glob("*.md"))


def path_of(name):
    return HERE / f"{name}.ipynb"


def cells_of(name):
    """The cells of the notebook by this name, not run. Raises ValueError for a mark that there is not."""
    text, cells, section, at = (TEXTS / f"{name}.md").read_text(encoding="utf-8"), [], "title", 0
    for fence in [*FENCE.finditer(text), None]:
        prose = text[at:fence.start() if fence else len(text)]
        for part in re.split(r"^(?=## )", prose, flags=re.M):
            if part.startswith("## "):
                section = re.sub(r"\W+", "-", part[3:part.index("\n")].lower()).strip("-")
            if part.strip():
                cells.append((section, {"cell_type": "markdown", "metadata": {}, "source": part.strip()}))
        if fence:
            marks, at = fence[1].split(), fence.end()
            if set(marks) - MARKS:
                raise ValueError(f"{name}: unknown marks in ```python {fence[1]}")
            cells.append((section, code(fence[2].rstrip("\n"), marks)))
    return [{"id": f"{name[:2]}-{section}-{[other for other, _ in cells[:number]].count(section) + 1}", **cell}
            for number, (section, cell) in enumerate(cells)]


def code(text, marks):
    metadata = {"tags": marks} if marks else {}
    if "folded" in marks:
        metadata["jupyter"] = {"outputs_hidden": True}
    return {"cell_type": "code", "metadata": metadata, "source": text, "execution_count": None, "outputs": []}


def load(name):
    """The notebook that is on disk, its sources and outputs as they are in the file. Raises OSError or ValueError."""
    return json.loads(path_of(name).read_text(encoding="utf-8"))


def text_of(lines):
    """A source or an output's text, which a notebook may hold as a string or as lines."""
    return lines if isinstance(lines, str) else "".join(lines)


def stamp(notebook):
    """What a notebook says about itself and the files that it was made with, as one number.

    It covers each cell's source and outputs, and the content of the used files.
    """
    digest = hashlib.sha256()
    for cell in notebook["cells"]:
        digest.update(json.dumps([text_of(cell["source"]), joined(cell.get("outputs", []))], sort_keys=True).encode())
    for file in notebook["metadata"]["chat_lab"]["uses"]:
        try:
            content = (TOP / file).read_bytes()
        except OSError:
            content = b"is not there"
        digest.update(file.encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def joined(outputs):
    """Outputs in which a text is one string, however it was written to disk."""
    return [{key: {kind: text_of(value) for kind, value in content.items()} if key == "data"
             else text_of(content) if key == "text" else content for key, content in output.items()} for output in outputs]


def complaints(name):
    """What is not as it should be with this notebook, as far as can be told without running it: [words]."""
    try:
        notebook = load(name)
    except (OSError, ValueError) as error:
        return [f"{path_of(name).name} cannot be read: {error}"]
    wanted, found = cells_of(name), notebook["cells"]
    said = [f"cell {want['id']} is not as in text/{name}.md" for want, have in zip(wanted, found)
            if (want["id"], want["cell_type"], want["source"]) != (have.get("id"), have["cell_type"], text_of(have["source"]))]
    if len(wanted) != len(found):
        said.append(f"{len(found)} cells, {len(wanted)} in text/{name}.md")
    if not said and stamp(notebook) != notebook["metadata"]["chat_lab"]["stamp"]:
        said.append("made with other files than there are now, or changed by hand (" + ", ".join(notebook["metadata"]["chat_lab"]["uses"]) + ")")
    return said

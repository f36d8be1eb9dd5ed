"""The notebooks: do they read as agreed, and is what they show what comes out?"""

import copy
import re
import shutil
import sys

import pytest
from typed import TOP

sys.path.insert(0, str(TOP))

from notebooks.press import source  # noqa: E402

NAMES = source.names()
FRAME = ["What you will be able to do", "Before you start", "The fault of the lesson before", "The one idea", "Predict", "The experiment",
         "What happened", "Break it on purpose", "Your task", "Check yourself", "Key points", "What real systems do"]
OF_THIS_RUN = re.compile(r"127\.0\.0\.1:\d(?!090)|\b0x[0-9a-f]{4,}|/tmp|/home|/root|site-packages|\d\d:\d\d:\d\d|port=?[ :(]\d|('127.0.0.1', \d+)", re.I)


def cells(name, kind):
    return [cell for cell in source.load(name)["cells"] if cell["cell_type"] == kind]


# ------------------------------------------------------------------ at once, and without anything installed

@pytest.mark.parametrize("name", NAMES)
def test_text_notebook_and_used_files_agree(name):
    assert source.complaints(name) == []


def test_every_lesson_has_one():
    assert NAMES == sorted(path.stem for path in source.HERE.glob("*.ipynb"))
    assert NAMES == sorted(path.name for path in (TOP / "lessons").iterdir() if path.is_dir())


def test_bold_words_are_in_the_glossary():
    glossary = (source.HERE / "GLOSSARY.md").read_text(encoding="utf-8").lower()
    for name in NAMES:
        for word in re.findall(r"\*\*([^*:]+)\*\*", (source.TEXTS / f"{name}.md").read_text(encoding="utf-8")):
            assert re.search(rf"\*\*[^*]*{re.escape(word.removesuffix('s'))}", glossary), f"{name}: {word}"


@pytest.mark.parametrize("name", NAMES)
def test_frame_is_the_same(name):
    prose = "\n".join(source.text_of(cell["source"]) for cell in cells(name, "markdown"))
    assert re.findall(r"^## (.*)$", prose, re.M) == FRAME
    assert prose.startswith(f"# {name[:2]} · ")
    assert f"../lessons/{name}/README.md" in prose and f"pytest checks --lesson {name[:2]}" in prose
    questions = prose.split("## Check yourself")[1].split("## Key points")[0]
    assert 3 <= len(re.findall(r"^\d\. ", questions, re.M)) == questions.count("<details>") <= 5
    assert "<details>" in prose.split("## Predict")[1].split("## The experiment")[0]


@pytest.mark.parametrize("name", NAMES)
def test_length(name):
    prose = " ".join(source.text_of(cell["source"]) for cell in cells(name, "markdown"))
    assert 600 <= len(re.sub(r"<[^>]+>|\]\([^)]*\)", " ", prose).split()) <= 1200
    for cell in cells(name, "code"):
        assert len(source.text_of(cell["source"]).splitlines()) <= 20, cell["id"]


@pytest.mark.parametrize("name", NAMES)
def test_wrong_code_is_marked(name):
    marked = [cell for cell in cells(name, "code") if "wrong" in cell["metadata"].get("tags", ())]
    assert marked and all(source.text_of(cell["source"]).startswith("# WRONG: ") and cell["outputs"] for cell in marked)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_this_run_is_shown(name):
    for cell in cells(name, "code"):
        for output in source.joined(cell["outputs"]):
            assert output["output_type"] in ("stream", "display_data") and output.get("name", "stdout") == "stdout", cell["id"]
            text = output.get("text") or output["data"].get("text/markdown", "")
            assert not OF_THIS_RUN.search(text), cell["id"]


@pytest.mark.parametrize("name", NAMES)
def test_counts_and_ids(name):
    notebook = source.load(name)
    assert [cell["execution_count"] for cell in cells(name, "code")] == list(range(1, len(cells(name, "code")) + 1))
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{1,64}", one) for one in ids)
    assert not any("execution" in cell["metadata"] for cell in notebook["cells"])


def test_a_changed_file_makes_it_stale(tmp_path, monkeypatch):
    notebook = source.load("05_broadcast")
    for file in notebook["metadata"]["chat_lab"]["uses"]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / file, tmp_path / file)
    monkeypatch.setattr(source, "TOP", tmp_path)
    assert source.complaints("05_broadcast") == []
    with (tmp_path / "solutions/05_broadcast/server.py").open("a") as file:
        file.write("# changed\n")
    assert "made with other files" in source.complaints("05_broadcast")[0]


def test_a_changed_output_is_seen():
    notebook = source.load("05_broadcast")
    other = copy.deepcopy(notebook)
    next(cell for cell in other["cells"] if cell.get("outputs"))["outputs"][0]["text"] = ["something else\n"]
    assert source.stamp(other) != source.stamp(notebook)


# ------------------------------------------------------------------ run again, where the group `notebooks` is installed

@pytest.fixture
def run():
    pytest.importorskip("nbclient", reason="needs the group `notebooks`")
    pytest.importorskip("ipykernel", reason="needs the group `notebooks`")
    from notebooks.press import run
    return run


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_what_comes_out(run, name):
    notebook, said = run.execute(name)
    assert said + run.differences(name, notebook) == []
    assert run.written(notebook) == source.path_of(name).read_text(encoding="utf-8")


@pytest.fixture
def text(run, tmp_path, monkeypatch):
    """Execute this as a notebook; return (notebook, what is said of it)."""
    def execute(code):
        (tmp_path / "99_try.md").write_text(f"# A try\n\n```python\n{code}\n```\n", encoding="utf-8")
        monkeypatch.setattr(source, "TEXTS", tmp_path)
        monkeypatch.setattr(run, "STAY_SECONDS", 0.5)
        return run.execute("99_try")
    return execute


def test_a_thread_that_dies_is_told(text):
    _, said = text("import threading\none = threading.Thread(target=lambda: 1 / 0, name='server')\none.start(); one.join()")
    assert said == ["a thread died: server: ZeroDivisionError: division by zero"]


def test_a_thread_that_stays_is_told(text):
    _, said = text("import threading\nthreading.Thread(target=threading.Event().wait, name='server', daemon=True).start()")
    assert said == ["a thread is left over: server"]


def test_a_cell_that_raises_is_told(text):
    _, said = text("print('one')\n{}['two']")
    assert said == ["cell 99-title-2 raised KeyError: 'two'"]


def test_a_false_output_is_told(run, tmp_path, monkeypatch, text):
    notebook, said = text("print('one')")
    assert said == []
    monkeypatch.setattr(source, "HERE", tmp_path)
    (tmp_path / "99_try.ipynb").write_text(run.written(notebook).replace('"one', '"two'), encoding="utf-8")
    assert run.differences("99_try", notebook) == ["cell 99-title-2: was 'two\\n', is now 'one\\n'"]


def test_an_id_that_is_there_twice_is_told(run, text):
    notebook, _ = text("print('one')")
    notebook.cells[1].id = notebook.cells[0].id
    assert "99-title-1" in run.invalid(notebook)[0]


@pytest.mark.parametrize("name", NAMES)
def test_pages_need_no_network(name, tmp_path):
    pytest.importorskip("nbconvert", reason="needs the group `notebooks`")
    from notebooks.press import pages
    assert pages.write(name, tmp_path) == []
    for kind in ("html", "slides.html"):
        page = (tmp_path / f"{name}.{kind}").read_text(encoding="utf-8")
        assert not re.search(r"""(src|href)=["'](?!data:|https?:|\.\./|[\w./-]+\.(html|md))""", page)
        assert not re.search(r"""src=["']https?:|<link|@import|url\(http""", page)
        assert page.count("<img") == page.count('src="data:image/svg+xml') >= 1
        assert page.count("<img") == len(re.findall(r'<img alt="[^"]{60,}"', page))
        for target in re.findall(r'href="(\.\./[^"]+)"', page):
            assert (tmp_path / target).exists(), target

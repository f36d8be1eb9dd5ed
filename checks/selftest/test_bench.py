"""The load test, `python -m checks.bench`: what is true of its results on any machine, and that it sees what a server gets wrong."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from typed import TOP

sys.path.insert(0, str(TOP))

from checks.bench import __main__ as bench  # noqa: E402
from checks.bench import report  # noqa: E402

OUTBOXES = ("lesson 10", "lesson 11", "asyncio")


def test_quick_run(tmp_path):
    done = subprocess.run([sys.executable, "-m", "checks.bench", "--quick", "--out", tmp_path], cwd=TOP,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "load.json").read_text())
    assert [(run["members"], run["server"]) for run in results["runs"]] == [(members, server) for members in (2, 20) for server in bench.SERVERS]
    for run in results["runs"]:
        stalled = "stands still" if run["stalled"] is None else "delivers"
        assert stalled == ("delivers" if run["server"] in OUTBOXES else "stands still"), run
        for loop in filter(None, (run["awake"], run["stalled"])):
            assert loop["delivered"] > 0 and 0 < loop["delay_50"] <= loop["delay_99"]
    grown = {flood["server"]: flood["grown"] for flood in results["floods"]}
    assert grown.pop("lesson 09") is None
    assert all(size < 8 << 20 for size in grown.values()), grown  # of 32 MiB that a stalled member did not take
    assert (tmp_path / "load.md").read_text(encoding="utf-8") in done.stdout


def test_same_figures_give_the_same_picture(tmp_path):
    pytest.importorskip("matplotlib")
    results = json.loads((TOP / "assets/load.json").read_text())
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        report.write(results, tmp_path / name)
    drawn = (tmp_path / "first/load.svg").read_bytes()
    assert drawn == (tmp_path / "second/load.svg").read_bytes()
    ElementTree.fromstring(drawn)
    assert (tmp_path / "first/load.md").read_text(encoding="utf-8") == (TOP / "assets/load.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("old", "new"), [
    ('"text": text}', '"text": text.replace("0000007", "0000008")}'),
    ('"text": text}', '"text": {"0000001": "0000004", "0000004": "0000001"}.get(text[:7], text[:7]) + text[7:]}'),
], ids=["another chat", "out of order"])
def test_what_did_not_arrive_is_seen(tmp_path, old, new):
    server = (TOP / "checks/bench/asyncio_server.py").read_text()
    assert server.count(old) == 2  # system(), and a chat
    (tmp_path / "server.py").write_text(server.replace(old, new))
    with pytest.raises(AssertionError, match="did not hear"):
        bench.measure({"wrong": tmp_path / "server.py"}, 3, 1, 0.1)


def test_a_lost_chat_is_waited_for_in_vain(tmp_path):
    server = (TOP / "checks/bench/asyncio_server.py").read_text()
    old = 'case {"type": "chat", "text": str(text)} if nick is not None'
    assert old in server
    (tmp_path / "server.py").write_text(server.replace(old, old + ' and "0000003" not in text'))
    found, = bench.measure({"wrong": tmp_path / "server.py"}, 3, 1, 0.1)
    assert found["awake"] is None and found["stalled"] is None

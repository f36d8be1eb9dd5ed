"""Grading on Dask's workers: a scheduler and two workers, each a process of its own."""

import os
import subprocess
import sys

import pytest
from lab.grading import reports
from lab.grading.grader import Grader
from typed import TOP, hand_in

pytest.importorskip("distributed")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def dask(tmp_path):
    """A scheduler, two workers that do one thing at a time: (address, the workers)."""
    file = tmp_path / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(TOP / "checks")}
    started = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                 "--scheduler-file", file], cwd=tmp_path, **QUIET)]
    started += [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                                  "--local-directory", tmp_path / str(number)], cwd=tmp_path, env=environment, **QUIET) for number in range(2)]
    import distributed
    try:
        with distributed.Client(scheduler_file=str(file), timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            yield client.scheduler.address, client, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_lost_worker_loses_no_row(dask, tmp_path):
    """The same verdicts as here, also when a worker is killed in the middle of a submission."""
    address, client, workers = dask
    handed = {name: hand_in(tmp_path / "class" / name, f"raise SystemExit('{name}')\n") for name in ("alice", "bob", "carol", "dave")}
    handed["sleeper"] = hand_in(tmp_path / "class/sleeper", "import time\ntime.sleep(60)\n")
    here, there = Grader(handed, tmp_path / "here", []), Grader(handed, tmp_path / "there", [])
    here.here(here.find_finished(), 2)
    killed = []

    def kill_who_is_busy(text):
        busy = [info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()] if not killed else []
        processing = client.processing() if busy else {}
        for worker, pid in zip(processing, busy):
            if processing[worker] and not killed:
                killed.append(pid)
                os.kill(pid, 9)

    there.tell = kill_who_is_busy
    there.on_dask(there.find_finished(), address)
    assert killed and [worker.poll() for worker in workers].count(None) == 1
    assert verdicts(here) == verdicts(there) and list(verdicts(there)) == list(handed)
    assert not Grader(handed, tmp_path / "there", []).find_finished()


def verdicts(grader):
    results = reports.whole([grader.results[name] for name in grader.handed])
    return {row["submission"]: {name: value for name, value in row.items() if name != "note"} for row in reports.rows(results)}


def test_a_worker_with_another_kit_is_refused(dask, tmp_path):
    address, *_ = dask
    handed = {"alice": hand_in(tmp_path / "class/alice", "")}
    grader = Grader(handed, tmp_path / "out", [])
    grader.kit = "another"
    grader.on_dask(grader.find_finished(), address)
    assert "another version of the kit" in grader.results["alice"]["broke"]

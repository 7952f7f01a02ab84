"""The same trials on a real Dask cluster on this machine: same numbers, same isolation, nothing lost."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from mibench import store
from mibench.engine.parcels import Limits
from mibench.errors import UsageError

ROOT = Path(__file__).parent.parent

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and three workers in processes of their own, as `dask scheduler` and `dask worker` start them.

    All tests share it; the one that kills parts of it stands last.
    """
    tmp_path = tmp_path_factory.mktemp("cluster")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
            cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    scheduler_file = tmp_path / "scheduler.json"
    scheduler = start("dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(scheduler_file))
    workers = [
        start("dask_worker", "--scheduler-file", str(scheduler_file), "--nthreads", "1", "--no-dashboard")
        for _ in range(3)
    ]
    deadline = time.monotonic() + 60
    while not scheduler_file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    import json

    address = json.loads(scheduler_file.read_text())["address"]
    from distributed import Client

    with Client(address, timeout="30s") as client:
        client.wait_for_workers(3, timeout=60)
    yield address, scheduler, workers
    for process in started:
        for child in [*_children(process.pid), process]:
            child.kill()
        process.wait()


def _children(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def numbers(folder):
    return store.load(folder).sort_values(["estimator", "point", "seed"])["mi_estimate"].tolist()


def test_a_cluster_gives_the_numbers_of_one_machine_and_holds_every_fault(mibench, cluster, estimator_file, tmp_path):
    address, _, _ = cluster
    faults = {
        "segfault": ("import ctypes\nctypes.string_at(0)", "crashed"),
        "hang": ("import time\ntime.sleep(600)", "timeout"),
        "raise": ("raise ValueError('no')", "error"),
    }
    plugins = [part for name, (body, _) in faults.items() for part in ("-p", estimator_file(name, body))]
    names = ",".join(["gaussian", *faults])
    rest = ("-t", "gaussian/dim=2:mi=0.5", "-n", "300", "--seeds", "2", "--timeout", "2s", *plugins)
    far = mibench("run", "-e", names, *rest, "--executor", "dask", "--scheduler", address, "-o", "far")
    assert far.returncode == 1, far.stderr
    frame = store.load(tmp_path / "far")
    assert len(frame) == 8
    assert set(frame[frame["estimator"] == "gaussian"]["status"]) == {"ok"}, frame["error"].tolist()
    for name, (_, status) in faults.items():
        assert set(frame[frame["estimator"] == name]["status"]) == {status}
    near = mibench("run", "-e", "gaussian", *rest[:6], "-o", "near", "-j", "1")
    assert near.returncode == 0, near.stderr
    ok = frame[frame["status"] == "ok"].sort_values(["estimator", "seed"])["mi_estimate"].tolist()
    assert ok == numbers(tmp_path / "near")
    assert (tmp_path / "far" / "logs" / f"{frame[frame['estimator'] == 'raise']['trial_id'].iloc[0]}.log").is_file()


def test_models_trained_on_a_cluster_are_those_of_one_machine(mibench, cluster, tmp_path):
    """Scores, what a term that broke down left, baselines and pictures."""
    pytest.importorskip("torch")
    address, _, _ = cluster
    rest = ("-p", ROOT / "tests" / "toy_application.py", "-e", "none,bound,spoilt", "-t", "toy/small", "--seeds", "1")
    where = {"far": ("--executor", "dask", "--scheduler", address), "near": ("-j", "2")}
    columns = ["trial_id", "status", "scores", "mi_estimate", "chosen", "flags", "code"]
    made, pictures = {}, {}
    for name, words in where.items():
        done = mibench("run", *rest, *words, "-o", name)
        assert done.returncode == 1, done.stderr
        frame = store.load(tmp_path / name).sort_values("trial_id")[columns].reset_index(drop=True)
        kept = store.read_pictures([tmp_path / name], frame["trial_id"])
        made[name], pictures[name] = frame, {trial: one["codes"].tolist() for trial, one in kept.items()}
    assert sorted(made["far"]["status"]) == ["diverged", "ok", "ok", "ok"]
    pd.testing.assert_frame_equal(made["far"], made["near"])
    assert pictures["far"] == pictures["near"]
    assert len(pictures["near"]) == 3, "of all but the baseline"


def test_a_hung_trial_ends_with_its_client(mibench, cluster, estimator_file, tmp_path):
    """Every worker holds one; the next run finds them free."""
    address, _, _ = cluster
    mark = f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, f'{{seed}}.began').touch()\n"
    file = estimator_file("hang", f"{mark}time.sleep(600)")
    far = ("-t", "gaussian/dim=1:mi=0.5", "-n", "10", "--seeds", "3", "--executor", "dask", "--scheduler", address)
    process = subprocess.Popen(
        [sys.executable, "-m", "mibench", "run", "-e", "hang", "-p", str(file), *far, "-o", "hung"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.began"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert mibench("run", "-e", "gaussian", *far, "-o", "after", timeout=60).returncode == 0


def test_workers_of_other_versions_are_named():
    from mibench.engine import cluster, remote

    here = remote.versions()
    cluster.refuse_others({"tcp://one": here})
    with pytest.raises(UsageError, match=r"Dask worker tcp://two has numpy 1\.0 \(here .*\), torch none \(here .*\)"):
        cluster.refuse_others({"tcp://one": here, "tcp://two": {**here, "numpy": "1.0", "torch": "none"}})


def test_an_address_where_nobody_answers_is_told(monkeypatch):
    from mibench.engine import cluster

    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        next(cluster.run([], None, (), (), Limits(), "tcp://127.0.0.1:9", 1))


def _wait_for_rows(folder, count, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if folder.is_dir() and sum(1 for _ in store.rows(folder)) >= count:
            return
        time.sleep(0.1)
    raise AssertionError(f"no {count} rows within {seconds} s")


def test_a_dead_worker_costs_a_retry_and_a_lost_scheduler_ends_the_run(mibench, cluster, estimator_file, tmp_path):
    address, scheduler, workers = cluster
    file = estimator_file("slow", "import time\ntime.sleep(0.3)\nreturn float(x[0, 0])")
    command = [
        sys.executable, "-m", "mibench", "run", "-e", "slow", "-p", file, "-t", "gaussian/dim=1:mi=0.5", "-n", "10",
        "--seeds", "300", "--executor", "dask", "--scheduler", address, "-o", "out",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    _wait_for_rows(tmp_path / "out", 5)
    for child in [*_children(workers[0].pid), psutil.Process(workers[0].pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # gone with the one killed before it
            child.send_signal(signal.SIGKILL)
    before = sum(1 for _ in store.rows(tmp_path / "out"))
    _wait_for_rows(tmp_path / "out", before + 12)
    assert set(store.load(tmp_path / "out")["status"]) == {"ok"}
    scheduler.kill()
    _, said = process.communicate(timeout=90)
    assert process.returncode == 130, said
    assert "went away" in said
    assert "mibench resume out" in said
    assert sum(1 for _ in store.rows(tmp_path / "out")) == len(store.load(tmp_path / "out")), "no row twice"

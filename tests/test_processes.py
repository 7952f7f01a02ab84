"""Processes of trials, whatever they do: their rows, their limits, and that nothing of them is left."""

import os
import subprocess
import sys
import tempfile
import time

import psutil
import pytest

from mibench import catalogue
from mibench.device import Device
from mibench.engine import devices, isolation, local, processes
from mibench.engine.parcels import Limits
from mibench.trial import plan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are of Unix")

STRAY = "import time\ntime.sleep(99) # mibench-stray"


@pytest.fixture(params=["served", "single"])
def kind(request, monkeypatch):
    """Both ways to start processes; the second is that of other systems than Linux."""
    if request.param == "single":
        monkeypatch.setattr(isolation, "for_this_system", lambda folder, modules: processes.Single(folder))
    elif sys.platform != "linux":
        pytest.skip("the server is for Linux")
    return request.param


def results(files, names, seeds=1, slots=1, seen=None, device=devices.CPU, **limits):
    """Rows of the estimators in these files, by name, as the engine gives them; `seen` gets the times they came."""
    found = catalogue.discover(files)
    choices = [found.estimator(name) for name in names]
    trials = plan(
        found, choices, found.points("gaussian/dim=1:mi=0.5"), [10], range(seeds), lambda choice, point: device.kind
    )
    rows: dict[str, list] = {name: [] for name in names}
    places = [devices.Slot(device, 1, "0" if device.accelerator else None)] * slots
    for one in local.run(trials, found, files, files, places, Limits(**limits)):
        rows[one.result.estimator].append(one.result)
        if seen is not None:
            seen.append(time.monotonic())
    return rows


def strays():
    """Processes of trials that outlived them."""
    return [p for p in psutil.process_iter(["cmdline"]) if "mibench-stray" in " ".join(p.info["cmdline"] or [])]


def gone(seconds=3.0):
    """Whether all strays end within this time."""
    deadline = time.monotonic() + seconds
    while strays() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not strays()


LEAVES = f"""
import subprocess, sys, time
for session in (False, True):
    subprocess.Popen([sys.executable, '-c', {STRAY!r}], start_new_session=session)
"""
DAEMON = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, '-c', {STRAY!r}])
    os._exit(0)
os.wait()
time.sleep(0.2)
return 0.1
"""


def test_an_end_of_any_kind_is_a_row_and_leaves_nothing(kind, estimator_file):
    """The number of a trial that ended well is there; its sessions, orphans and daemons are not."""
    bodies = {
        "fine": LEAVES + "return 0.25",
        "daemon": DAEMON,
        "leaves": LEAVES + "time.sleep(60)",
        "exits": "import os\nos._exit(3)",
    }
    files = [estimator_file(name, body) for name, body in bodies.items()]
    rows = {name: row for name, (row,) in results(files, list(bodies), timeout=1.5).items()}
    assert not strays() if kind == "served" else gone()
    assert rows["fine"].mi_estimate == 0.25
    assert rows["daemon"].status == "ok"
    assert (rows["leaves"].status, rows["leaves"].error) == ("timeout", "stopped after 1.5 s (--timeout)")
    assert (rows["exits"].status, rows["exits"].error) == (
        "crashed", "its process exited with code 3 before it had a result",
    )  # fmt: skip


def test_memory_counts_what_a_trial_starts(kind, estimator_file):
    hold = "import time\nheld = b'x' * 150_000_000\ntime.sleep(30) # mibench-stray"
    body = f"import subprocess, sys, time\nfor _ in range(4):\n    subprocess.Popen([sys.executable, '-c', {hold!r}])"
    file = estimator_file("hoards", body + "\ntime.sleep(30)")
    ((row,),) = results([file], ["hoards"], memory=400 << 20, timeout=20.0).values()
    assert (row.status, row.error) == ("oom", "more memory than --memory allows")
    assert gone()


SLOW = "import time\ntime.sleep(1.5)\n"


def test_what_is_imported_late_is_not_in_the_seconds_of_a_fit(kind, estimator_file, tmp_path):
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    file = estimator_file("late", "import slow_to_import\nreturn 0.0")
    for row in results([file], ["late"], seeds=2)["late"]:
        assert row.fit_seconds < 0.5
        assert row.wall_seconds > 1.5


@pytest.mark.parametrize("body", ["os.closerange(3, 200)", "os._exit(78)"])
def test_what_a_trial_does_to_its_own_files_is_its_own_crash(estimator_file, body):
    closing = estimator_file("closing", f"import os\n{body}\nreturn 0.0")
    good = estimator_file("good", "return 0.5")
    rows = results([closing, good], ["closing", "good"], seeds=2)
    assert [row.status for row in rows["closing"]] == ["crashed"] * 2
    assert [row.status for row in rows["good"]] == ["ok"] * 2


def test_what_a_row_cannot_hold_is_an_error_of_its_own_trial(estimator_file):
    odd = estimator_file("odd", "return 0.0", fields="direction = object()")
    good = estimator_file("good", "return 0.5")
    rows = results([odd, good], ["odd", "good"], seeds=2)
    assert {row.status for row in rows["odd"]} == {"error"}
    assert all("odd returned what cannot be stored" in row.error for row in rows["odd"])
    assert [row.mi_estimate for row in rows["good"]] == [0.5, 0.5]


BY_TURNS = """import os, time
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class ByTurns:
    def estimate(self, x, y):
        return float(x[0, 0])

    def estimate_many(self, xs, ys, *, seeds):
        return [float(x[0, 0]) for x in xs]

    def estimate_each(self, xs, ys, *, seeds):
        for done, place in enumerate(reversed(range(len(xs)))):
            if done == 3 and len(xs) == 6:
                time.sleep(1)
                os.kill(os.getpid(), 9)
            yield place, float(xs[place][0, 0])

    def trials_at_once(self, n, dim_x, dim_y, device):
        return 6

@hookimpl
def mibench_estimators():
    return {"by-turns": ByTurns()}
"""


def test_what_a_batch_had_finished_outlives_it_and_is_shown_while_it_goes_on(tmp_path):
    file = tmp_path / "by_turns.py"
    file.write_text(BY_TURNS)
    seen = []
    rows = results([file], ["by-turns"], seeds=6, seen=seen)["by-turns"]
    assert seen[3] - seen[2] > 0.2, "three were shown before the fourth ended the batch"
    assert sorted(row.seed for row in rows) == list(range(6))
    assert {row.status for row in rows} == {"ok"}
    assert [row.trained_together for row in rows[:3]] == [6] * 3, "these are of the batch that was killed"
    assert all(row.trained_together != 6 for row in rows[3:])
    assert sum(row.fit_seconds for row in rows) < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="the server is for Linux")
def test_the_servers_death_costs_the_trial_that_brought_it_about(estimator_file):
    """Those that were under way beside it go again; a signal that asks for an end does not even end the server."""
    kills = estimator_file("kills", "import os, time\ntime.sleep(0.8)\nos.kill(os.getppid(), 9)\ntime.sleep(9)")
    asks = estimator_file("asks", "import os, time\nos.kill(os.getppid(), 15)\ntime.sleep(0.2)\nreturn 0.5")
    good = estimator_file("good", LEAVES + "time.sleep(1.2)\nreturn 0.5")
    rows = results([kills, asks, good], ["good", "kills", "asks"], slots=2)
    assert [row.status for row in rows["kills"]] == ["crashed"]
    assert [row.mi_estimate for row in rows["good"] + rows["asks"]] == [0.5] * 2
    assert gone()


@pytest.mark.skipif(sys.platform != "linux", reason="the server is for Linux")
def test_two_that_end_the_server_are_both_told_however_long_they_take(estimator_file):
    body = "import os, time\ntime.sleep(0.8)\nos.kill(os.getppid(), 9)\ntime.sleep(9)"
    rows = results([estimator_file(name, body) for name in ("one", "other")], ["one", "other"], slots=2)
    assert [row.status for name in rows for row in rows[name]] == ["crashed"] * 2


def test_temporary_folders_of_the_killed_are_swept_and_those_of_the_living_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living, lock = isolation._own_folder()
    dead, unlocked = isolation._own_folder()
    (dead / "1").mkdir()
    os.close(unlocked)  # as the system does when a process ends
    left = subprocess.Popen([sys.executable, "-c", STRAY], env={**os.environ, processes.OWNER: str(dead / "1")})
    isolation.sweep()
    left.wait(5)
    assert [living] == list(tmp_path.iterdir())
    os.close(lock)


def test_a_temporary_folder_that_takes_nothing_is_told_in_a_line(monkeypatch, tmp_path, estimator_file):
    from mibench.errors import EngineError

    file = estimator_file("good", "return 0.5")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(EngineError, match=r"cannot write to the temporary folder .*; set TMPDIR to another"):
        results([file], ["good"])


def test_a_socket_name_is_not_needed(monkeypatch, tmp_path, estimator_file):
    """Names of sockets hold about a hundred characters; those of temporary folders hold more."""
    deep = tmp_path / ("t" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    ((row,),) = results([estimator_file("good", "return 0.5")], ["good"]).values()
    assert row.mi_estimate == 0.5
    assert not list(deep.iterdir())


GPU = Device("cuda", 0)
"""None is here, and none is touched: nothing in these trials loads torch."""


@pytest.mark.skipif(sys.platform != "linux", reason="the server is for Linux")
def test_an_interpreter_for_an_accelerator_serves_on_until_something_goes_wrong(estimator_file):
    """Its number is its process; a faulty trial ends its own, and is tried in one of its own before that is its row."""
    pid = "import os, subprocess, sys, time\nself_pid = float(os.getpid())\n"
    bodies = {
        "steady": pid + "print('hello')\nreturn self_pid",
        "raises": pid
        + "if os.environ.get('USED'):\n    raise ValueError('of another trial')\nos.environ['USED'] = '1'\n"
        "return self_pid",
        "dies": pid + "os.kill(os.getpid(), 9)",
        "hangs": pid + "time.sleep(60)",
        "leaves": pid + f"subprocess.Popen([sys.executable, '-c', {STRAY!r}])\nreturn self_pid",
        "closes": pid + "os.closerange(3, 200)\nreturn self_pid",
    }
    files = [estimator_file(name, body, fields="devices = ('cuda',)") for name, body in bodies.items()]
    rows = results(files, list(bodies), seeds=2, device=GPU, timeout=2.0)
    processes_of = {name: {row.mi_estimate for row in made} for name, made in rows.items()}
    assert len(processes_of["steady"]) == 1
    assert [row.status for row in rows["raises"]] == ["ok"] * 2, "a fault that another trial brought about is no row"
    assert len(processes_of["raises"]) == len(processes_of["leaves"]) == 2
    assert [(row.status, row.error) for row in rows["dies"]] == [("crashed", "its process was killed by SIGKILL")] * 2
    assert [row.status for row in rows["hangs"]] == ["timeout"] * 2
    assert [row.status for row in rows["leaves"]] == ["ok"] * 2
    assert len(rows["closes"]) == 2
    assert gone()


@pytest.mark.skipif(sys.platform != "linux", reason="the server is for Linux")
def test_an_interpreter_serves_no_more_files_that_were_edited_and_none_with_a_memory_limit(estimator_file, tmp_path):
    helper = tmp_path / "helper_of_it.py"
    helper.write_text("value = 1.0\n")
    body = (
        "import helper_of_it\nfrom pathlib import Path\n"
        f"Path({str(helper)!r}).write_text('value = helper_value = 2.0\\n')\n"
        "return helper_of_it.value"
    )
    file = estimator_file("edits", body, fields="devices = ('cuda',)")
    assert [row.mi_estimate for row in results([file], ["edits"], seeds=2, device=GPU)["edits"]] == [1.0, 2.0]
    file = estimator_file("alone", "import os\nreturn float(os.getpid())", fields="devices = ('cuda',)")
    rows = results([file], ["alone"], seeds=2, device=GPU, memory=1 << 30)["alone"]
    assert len({row.mi_estimate for row in rows}) == 2

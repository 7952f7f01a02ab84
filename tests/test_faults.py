"""Every fault is really injected into a real run; each costs its own trial and nothing else."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mibench import store

ROOT = Path(__file__).parent.parent

FAULTS = {
    "raise": ("raise ValueError('on purpose')", "error", "on purpose"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "crashed", "SIGSEGV"),
    "exit": ("import os\nos._exit(3)", "crashed", "code 3"),
    "system-exit": ("raise SystemExit(5)", "error", "SystemExit"),
    "abort": ("import os\nos.abort()", "crashed", "SIGABRT"),
    "kill": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "crashed", "SIGKILL"),
    "hang": ("import time\ntime.sleep(600)", "timeout", "stopped after 3 s"),
    "deaf-hang": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    time.sleep(1)",
        "timeout",
        "stopped after 3 s",
    ),
    "memory": ("import numpy as np\nkept = []\nwhile True:\n    kept.append(np.empty(2**24))", "oom", ""),
    "not-a-number": ("return float('nan')", "diverged", "nan"),
    "binary": (
        "import os\nos.write(1, bytes(range(256)) * 40)\nraise ValueError('after noise')",
        "error",
        "after noise",
    ),
}


@pytest.fixture
def fault_files(estimator_file):
    files = [estimator_file(name, body) for name, (body, _, _) in FAULTS.items()]
    return [*files, estimator_file("good", "return float(x[0, 0])")]


def test_every_fault_costs_its_own_trial_alone(mibench, fault_files, tmp_path):
    names = [*FAULTS, "good"]
    plugins = [part for file in fault_files for part in ("-p", file)]
    done = mibench(
        "run", "-e", ",".join(names), "-t", "gaussian/dim=1:mi=0.5", "-n", 100, "--seeds", 2, "--timeout", "3s",
        "--memory", "1500M", "-o", "out", "-j", 2, *plugins,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    frame = store.load(tmp_path / "out")
    assert len(frame) == 2 * len(names)
    for name, (_, status, message) in FAULTS.items():
        rows = frame[frame["estimator"] == name]
        assert set(rows["status"]) == {status}, (name, rows["error"].tolist())
        assert rows["error"].str.contains(message, regex=False).all(), (name, rows["error"].tolist())
        assert all((tmp_path / "out" / "logs" / f"{trial}.log").is_file() for trial in rows["trial_id"])
    assert set(frame[frame["estimator"] == "good"]["status"]) == {"ok"}
    summary = done.stderr
    assert "2 × segfault crashed: its process was killed by SIGSEGV" in summary
    assert "Segmentation fault" in (tmp_path / "out" / "logs" / f"{_one(frame, 'segfault')}.log").read_text()
    assert bytes(range(256)) in (tmp_path / "out" / "logs" / f"{_one(frame, 'binary')}.log").read_bytes()
    assert b"on purpose" in (tmp_path / "out" / "logs" / f"{_one(frame, 'raise')}.log").read_bytes()


def _one(frame, name):
    return frame[frame["estimator"] == name]["trial_id"].iloc[0]


def start(tmp_path, *arguments):
    (tmp_path / "temporary").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "temporary")}
    return subprocess.Popen(
        [sys.executable, "-m", "mibench", "run", *map(str, arguments)],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip


def wait_for_rows(folder, count, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if folder.is_dir() and sum(1 for _ in store.rows(folder)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {count} rows within {seconds} s")


SLOW = "import time\ntime.sleep(0.05)\nreturn float(x[0, 0])"
LEAVES = "import subprocess, sys\nsubprocess.Popen(['sleep', '98.76'], start_new_session=True)\n" + SLOW


def nothing_left(tmp_path, seconds=5):
    """Whether no process of a trial and no temporary file is there, or soon no more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        strays = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "98.76"]]
        if not strays and not list((tmp_path / "temporary").iterdir()):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_an_interrupt_keeps_rows_ends_children_and_says_how_to_go_on(mibench, estimator_file, tmp_path, sent):
    file = estimator_file("slow", LEAVES)
    arguments = ("-e", "slow", "-p", file, "-t", "gaussian/dim=1:mi=0.5", "-n", 10, "--seeds", 400, "-o", "out")
    process = start(tmp_path, *arguments)
    wait_for_rows(tmp_path / "out", 5)
    children = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130, said
    assert "mibench resume" in said
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=3)
    assert not alive
    assert nothing_left(tmp_path)
    kept = len(store.load(tmp_path / "out"))
    assert kept >= 5
    assert (tmp_path / "out" / "trials.csv").is_file()
    again = mibench("run", *arguments, "--dry-run", "--json")
    assert json.loads(again.stdout)["kept"] == kept


def test_kill_9_of_the_run_loses_only_trials_in_flight_and_leaves_no_children(mibench, estimator_file, tmp_path):
    file = estimator_file("slow", LEAVES)
    arguments = ("-e", "slow", "-p", file, "-t", "gaussian/dim=1:mi=0.5", "-n", 10, "--seeds", 25, "-o", "out")
    for count in (3, 15):
        process = start(tmp_path, *arguments)
        wait_for_rows(tmp_path / "out", count)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
        assert nothing_left(tmp_path)
    done = mibench("resume", "out")
    assert done.returncode == 0, done.stderr
    frame = store.load(tmp_path / "out")
    assert sorted(frame["seed"]) == list(range(25))
    rows = sum(1 for _ in store.rows(tmp_path / "out"))
    assert rows == 25, "no trial ran twice"
    whole = mibench("run", *arguments[:-1], "whole")
    assert whole.returncode == 0
    numbers = [f.sort_values("seed")["mi_estimate"].tolist() for f in (frame, store.load(tmp_path / "whole"))]
    assert numbers[0] == numbers[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_500_trials_killed_ten_times_end_as_if_never_killed(mibench, estimator_file, tmp_path):
    file = estimator_file("slow", SLOW)
    arguments = (
        "-e",
        "slow,gaussian",
        "-p",
        file,
        "-t",
        "gaussian/dim=1:mi=0.5",
        "-n",
        10,
        "--seeds",
        250,
        "-o",
        "out",
    )
    chance = random.Random(7)
    lost = 0
    for kill in range(10):
        process = start(tmp_path, *arguments)
        wait_for_rows(tmp_path / "out", 40 * kill + 1)
        time.sleep(chance.uniform(0, 1.5))
        before = sum(1 for _ in store.rows(tmp_path / "out"))
        process.kill()
        process.communicate()
        lost += before > sum(1 for _ in store.rows(tmp_path / "out"))
    assert lost == 0
    assert mibench("resume", "out", timeout=600).returncode == 0
    assert sum(1 for _ in store.rows(tmp_path / "out")) == 500, "no trial ran twice, none is missing"
    assert mibench("run", *arguments[:-1], "whole", timeout=600).returncode == 0
    tables = [
        store.load(tmp_path / name).sort_values(["estimator", "seed"])[["trial_id", "mi_estimate"]]
        for name in ("out", "whole")
    ]
    assert tables[0].to_numpy().tolist() == tables[1].to_numpy().tolist()


def test_two_runs_into_one_folder_lose_and_double_nothing(mibench, estimator_file, tmp_path):
    file = estimator_file("slow", SLOW)
    arguments = ("-e", "slow", "-p", file, "-t", "gaussian/dim=1:mi=0.5", "-n", 10, "--seeds", 30, "-o", "out")
    both = [start(tmp_path, *arguments) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    frame = store.load(tmp_path / "out")
    assert sorted(frame["seed"]) == list(range(30))
    assert "nothing to run" in mibench("run", *arguments).stderr


def test_a_really_full_disk_stops_the_run_and_keeps_its_rows(mibench, estimator_file, tmp_path):
    """On a file system of 64 KB, mounted for this test where that is allowed."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here; the test with a file size limit stands in")
    try:
        file = estimator_file("quick", "return float(x[0, 0])")
        arguments = (
            "-e",
            "quick",
            "-p",
            file,
            "-t",
            "gaussian/dim=1:mi=0.5",
            "-n",
            10,
            "--seeds",
            200,
            "-o",
            small / "out",
        )
        done = mibench("run", *arguments)
        assert done.returncode == 3, done.stderr
        assert "No space left on device" in done.stderr
        assert "mibench resume" in done.stderr
        kept = len(store.load(small / "out"))
        assert 10 <= kept < 200
        subprocess.run(["mount", "-o", "remount,size=4m", small], check=True)
        assert mibench("resume", small / "out").returncode == 0
        assert sorted(store.load(small / "out")["seed"]) == list(range(200))
    finally:
        subprocess.run(["umount", small], check=False)


def test_a_full_disk_stops_the_run_with_a_line_and_keeps_its_rows(estimator_file, tmp_path):
    """RLIMIT_FSIZE refuses the write as a full disk does; the limit holds for the run's process and its rows file."""
    file = estimator_file("slow", "return float(x[0, 0])")
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        f"sys.argv[1:] = ['run', '-e', 'slow', '-p', {str(file)!r}, '-t', 'gaussian/dim=1:mi=0.5', '-n', '10', "
        "'--seeds', '60', '-o', 'out']\n"
        "from mibench.cli import main\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("mibench: cannot write to out: File too large")
    assert "rows already written are kept" in last
    frame = store.load(tmp_path / "out")
    assert 1 <= len(frame) <= 10
    assert set(frame["status"]) == {"ok"}


def test_a_script_without_a_main_guard_works(tmp_path):
    (tmp_path / "script.py").write_text(
        "import mibench\nprint(len(mibench.run('gaussian', 'gaussian:dim=1', samples=100, seeds=2)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6"]


@pytest.mark.skipif(os.name == "nt", reason="limits and streams are those of Unix")
def test_a_poor_environment_costs_no_row(estimator_file, tmp_path):
    """stderr closed, 24 open files, no locale, no such temporary folder, all at once; then the faults of stdout."""
    import resource

    file = estimator_file("quick", "return float(x[0, 0])")
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "gone"),
        "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
    }  # fmt: skip

    def shell(line, **more):
        return subprocess.run(
            ["sh", "-c", f'exec "$0" -m mibench {line}', sys.executable],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, **more,
        )  # fmt: skip

    done = shell(
        f"run -e quick -p {file} -t gaussian/dim=1:mi=0.5 -n 10 --seeds 4 -o out 2>&-",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)),
    )
    assert done.returncode == 0
    assert "quick" in done.stdout
    assert len(store.load(tmp_path / "out")) == 4
    assert shell("table out >&-").returncode == 0
    if Path("/dev/full").exists():
        full = shell("table out >/dev/full")
        assert full.returncode == 3
        assert full.stderr == "mibench: cannot write to stdout: No space left on device; what is in files is whole\n"
        assert shell("table out 2>/dev/full").returncode == 0

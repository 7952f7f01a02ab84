"""A hundred thousand trials: planned lazily, run, resumed and loaded in bounded memory and time."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from frames import trials
from test_report import folder

from mibench import store

ROOT = Path(__file__).parent.parent

TRIVIAL = '''"""Nothing, quickly."""
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class Trivial:
    def estimate(self, x, y):
        return 0.0

    def estimate_many(self, xs, ys, *, seeds):
        return [0.0] * len(xs)

    def trials_at_once(self, n, dim_x, dim_y, device):
        return 1000

@hookimpl
def mibench_estimators():
    return {"trivial": Trivial()}
'''

MEASURED = (
    "import resource, sys\n"
    "from mibench.cli import main\n"
    "try: main()\n"
    "finally: print('PEAK_MB', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)\n"
)


def run(folder, *arguments):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - started
    peak = int(done.stderr.rpartition("PEAK_MB")[2])
    return done, seconds, peak


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_trials(tmp_path):
    (tmp_path / "trivial.py").write_text(TRIVIAL)
    command = (
        "run", "-e", "trivial", "-p", "trivial.py", "-t", "gaussian", "--dims", "1", "--mi", "0.1,0.2,0.3,0.4,0.5",
        "-n", "10", "--seeds", "20000", "-o", "out", "-q",
    )  # fmt: skip
    done, seconds, peak = run(tmp_path, *command)
    print(f"run: {seconds:.0f} s, {peak} MB")
    assert done.returncode == 0, done.stderr
    assert peak < 1000
    done, seconds, peak = run(tmp_path, *command, "--dry-run", "--json")
    print(f"deciding that nothing is to do: {seconds:.1f} s, {peak} MB")
    assert '"to_run": 0' in done.stdout
    assert peak < 1000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    frame = store.load(tmp_path / "out")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    print(f"load: {time.monotonic() - started:.1f} s, {grown} MB more")
    assert grown < 1000
    assert len(frame) == 100_000
    assert frame["trial_id"].is_unique


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tables_and_reports_of_a_hundred_thousand_rows(tmp_path):
    """Ten estimators on a hundred points at ten sizes, ten seeds a cell: 10 000 cells. Seconds of the processor."""
    names = tuple((f"e{i}", {}, "lower") for i in range(10))
    points = tuple((dim, mi) for dim in range(1, 11) for mi in (0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0))
    rows = trials(names, points, tuple(100 * 2**k for k in range(10)), 10)
    assert len(rows) == 100_000
    folder(tmp_path / "run", rows)
    for words, limit in ((("table",), 10), (("table", "-f", "csv"), 10), (("report", "--leaderboard"), 60)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done, seconds, peak = run(tmp_path, words[0], "run", *words[1:])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{' '.join(words)}: {busy:.1f} s of the processor, {seconds:.1f} s in all, {peak} MB")
        assert done.returncode == 0, done.stderr
        assert busy < limit
    print(f"report: {(tmp_path / 'run' / 'report.html').stat().st_size / 1e6:.1f} MB")

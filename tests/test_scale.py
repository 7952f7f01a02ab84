"""A hundred thousand trials: planned lazily, run, resumed and loaded in bounded memory and time."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
    command = ("run", "-e", "trivial", "-p", "trivial.py", "-t", "gaussian", "--dims", "1", "--mi", "0.1,0.2,0.3,0.4,0.5",
               "-n", "10", "--seeds", "20000", "-o", "out", "-q")  # fmt: skip
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
    print(f"load: {time.monotonic() - started:.1f} s, {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10} MB")
    assert len(frame) == 100_000
    assert frame["trial_id"].is_unique

"""What the harness itself costs: start-up, a trial's overhead, and the README's main command.

    python benchmarks/harness.py            start-up and overhead
    python benchmarks/harness.py --main     and the main command, start to end

Wall and CPU times are printed beside those of an empty Python process on the same machine in the same minute.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMPTY = """
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class Nothing:
    def estimate(self, x, y):
        return 0.0

@hookimpl
def mibench_estimators():
    return {"nothing": Nothing()}
"""

MIBENCH = [sys.executable, "-m", "mibench"]


def seconds(command: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - started


def start_up(folder: str) -> None:
    commands = {"python -c pass": [sys.executable, "-c", "pass"], "mibench --help": [*MIBENCH, "--help"]}
    commands["mibench list"] = [*MIBENCH, "list"]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(9):
        for name, command in commands.items():
            times[name].append(seconds(command, folder))
    bare = statistics.median(times["python -c pass"])
    for name, values in times.items():
        print(
            f"{name:<18} {statistics.median(values):.3f} s   {statistics.median(values) / bare:5.1f} × an empty process"
        )


def overhead(folder: str) -> None:
    """(400 trials − 40 trials) / 360, so that starting the run is not in it."""
    plugin = Path(folder) / "nothing.py"
    plugin.write_text(EMPTY)
    task = ["-e", "nothing", "-p", str(plugin), "-t", "gaussian/dim=1:mi=0.5", "-n", "1000", "-q"]
    for jobs in (1, 2):
        few, many = (
            statistics.median(
                seconds([*MIBENCH, "run", *task, "-j", str(jobs), "--seeds", str(n)], folder) for _ in range(3)
            )
            for n in (40, 400)
        )
        wall = (many - few) / 360
        print(
            f"overhead a trial, --jobs {jobs}: {wall * 1e3:.0f} ms of wall time, {wall * jobs * 1e3:.0f} ms of one slot"
        )


def main_command(folder: str) -> None:
    took = seconds([*MIBENCH, "run", "--estimators", "mine,ksg", "--task", "gaussian", "-o", "main"], folder)
    rows = [json.loads(line) for path in Path(folder, "main", "rows").iterdir() for line in path.open()]
    for name in ("mine", "ksg"):
        print(f"{name}: {sum(row['fit_seconds'] for row in rows if row['estimator'] == name):.1f} s of fitting in all")
    print(f"mibench run --estimators mine,ksg --task gaussian: {took:.1f} s, {len(rows)} trials")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        start_up(scratch)
        overhead(scratch)
        if "--main" in sys.argv:
            main_command(scratch)

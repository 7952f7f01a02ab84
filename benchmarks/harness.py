"""What the harness itself costs: start-up, a trial's overhead, and the README's main command.

    python benchmarks/harness.py --start    start-up and a key of completion
    python benchmarks/harness.py            and overhead
    python benchmarks/harness.py --main     and the main command, start to end

Wall and CPU times are medians, taken in turns, beside those of an empty Python process and of one that imports the
library the command line is made with, on the same machine in the same minute.
"""

import json
import os
import resource
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


ASKED = {"_MIBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "mibench run -e mine:", "COMP_CWORD": "3"}
"""What a shell says as Tab is pressed."""


def costs(command: list[str], folder: str, asked: dict[str, str]) -> tuple[float, float]:
    """Seconds of the wall, and of the CPU."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True, env={**os.environ, **asked})
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start_up(folder: str) -> None:
    """The first key after a plugin or a package has changed finds all names anew; those that follow read them."""
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], {}),
        "import typer": ([sys.executable, "-c", "import typer"], {}),
        "mibench --help": ([*MIBENCH, "--help"], {}),
        "mibench list": ([*MIBENCH, "list"], {}),
        "a key: mibench run -e mine:": (MIBENCH, ASKED),
    }
    kept = {"XDG_CACHE_HOME": folder}
    first = costs(MIBENCH, folder, {**ASKED, **kept})
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(15):
        for name, (command, asked) in commands.items():
            times[name].append(costs(command, folder, {**asked, **kept}))
    medians = {name: [statistics.median(part) for part in zip(*values, strict=True)] for name, values in times.items()}
    medians["its first time"] = list(first)
    bare, typer = medians["python -c pass"][1], medians["import typer"][1]
    for name, (wall, cpu) in medians.items():
        ratios = f"{cpu / bare:5.1f} × an empty process, {cpu / typer:4.1f} × import typer"
        print(f"{name:<28} {wall:.3f} s, CPU {cpu:.3f} s   {ratios}")


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
        if "--start" not in sys.argv:
            overhead(scratch)
        if "--main" in sys.argv:
            main_command(scratch)

"""What a run shows while it goes on: a bar on a terminal, plain lines elsewhere, everything in run.log."""

import contextlib
import math
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mibench.cli.options import encodable
from mibench.result import SETTLED, read_scores
from mibench.tables.numbers import ARROWS, number

if TYPE_CHECKING:
    from mibench.result import Result
    from mibench.runs import Prepared

MOST_LINES = 500
"""A run of more cells than this shows only its failures and how far it is."""

EVERY = 30.0
"""Seconds between plain lines where there is no terminal."""


class Progress:
    """stderr is talk. `show` takes each row; `say` prints a line above the bar, `tell` one that `--quiet` keeps."""

    def __init__(self, folder: Path, total: int, *, quiet: bool, verbose: bool, silent: bool = False):
        self.total, self.quiet, self.verbose, self.silent = total, quiet, verbose, silent
        self.counts: Counter[str] = Counter()
        self.cells: dict[tuple[Any, ...], list[Result]] = {}
        self.seeds = 0
        self.left = TimeLeft({}, 1)
        self.last_line = time.monotonic()
        self.log: TextIO | None = self._open(folder)
        self.bar: Any = None

    @staticmethod
    def _open(folder: Path) -> TextIO | None:
        try:
            return (folder / "run.log").open("a", buffering=1, encoding="utf-8")
        except OSError:
            return None  # the first row will say what is wrong with the disk

    def begin(self, prepared: "Prepared") -> None:
        """Say what is to do, what is kept, stale or not supported."""
        self.seeds = len(prepared.seeds)
        self.left = TimeLeft(prepared.planned, len(prepared.slots))
        kept = f", {prepared.kept} kept" if prepared.kept else ""
        if self.total:
            slots = Counter(slot.name for slot in prepared.slots)
            where = ", ".join(f"{count} × {name}" for name, count in slots.items())
            where = where if prepared.settings.executor == "local" else f"what {prepared.settings.executor} offers"
            self.say(f"{_trials(self.total)} to run{kept}; at once: {where}; folder {prepared.folder}")
        else:
            self.say(f"nothing to run: all {prepared.kept} trials are in {prepared.folder}")
        for (name, reason), count in prepared.unsupported.items():
            self.say(f"{_trials(count)} of {name} not supported: {reason}")
        for name, count in prepared.stale.items():
            self.say(
                f"{count} rows of {name} in the folder were made by another version of it or of its task; "
                "--rerun stale runs them again"
            )
        if self.total and not self.quiet and _on_terminal():
            self.bar = _bar(self)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def show(self, result: "Result") -> None:
        """Count a row, and print what is to be seen of it: a failure, or its cell when that is complete."""
        self.counts[result.status] += 1
        self.left.learn(result)
        line = _line(result)
        if self.log:
            _write(self.log, line)
        if result.status not in SETTLED or (self.verbose and result.status != "unsupported"):
            self.say(line, logged=False, style="" if result.status in SETTLED else "red")
        key = (result.estimator, result.estimator_params, result.task, result.point, result.n_samples)
        cell = self.cells.setdefault(key, [])
        cell.append(result)
        if len(cell) == self.seeds:
            if not self.verbose and self.total <= MOST_LINES * self.seeds and result.status != "unsupported":
                self.say(_cell(cell), logged=False)
            del self.cells[key]
        if self.bar is None and time.monotonic() - self.last_line > EVERY:
            self.say(self.state())

    def say(self, text: str, logged: bool = True, style: str = "") -> None:
        """A line of talk."""
        if not self.quiet:
            self.tell(text, logged, style)
        elif logged and self.log:
            _write(self.log, text)

    def tell(self, text: str, logged: bool = True, style: str = "") -> None:
        """A line that is said even if progress is not wanted: why trials failed."""
        self.last_line = time.monotonic()
        if logged and self.log:
            _write(self.log, text)
        if self.silent:
            return
        with contextlib.suppress(OSError, ValueError):  # a closed or full stderr stops no run
            if self.bar is not None:
                self.bar.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
            else:
                print(encodable(text, sys.stderr), file=sys.stderr, flush=True)

    def state(self) -> str:
        """How far the run is."""
        done = self.counts.total()
        failed = done - sum(self.counts[status] for status in SETTLED)
        return f"{done}/{self.total} · ok {self.counts['ok']} · failed {failed} · {self.left}"


def _trials(count: int) -> str:
    return f"{count} trial{'s' * (count != 1)}"


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _bar(progress: Progress) -> Any:
    """A bar from the first second, which goes when it is stopped; redrawn each second with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, Task, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class State(ProgressColumn):
        """How far the run is, in words."""

        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            task.completed = progress.counts.total()
            return Text(progress.state(), style="red" if progress.counts.keys() - set(SETTLED) else "")

    bar = Bar(
        State(), BarColumn(24), TimeElapsedColumn(), console=Console(stderr=True), transient=True, refresh_per_second=2,
    )  # fmt: skip
    bar.add_task("", total=progress.total)
    bar.start()
    return bar


class TimeLeft:
    """What trials took so far by cell, times how many are to come, over the slots; unknown while an estimator is."""

    def __init__(self, planned: "dict[tuple[Any, ...], int]", slots: int):
        self.planned, self.slots = dict(planned), max(slots, 1)
        self.cells: dict[tuple[Any, ...], list[float]] = {}
        self.estimators: dict[Any, list[float]] = {}

    def learn(self, result: "Result") -> None:
        """Take note of what a trial took."""
        cell = result.estimator, result.estimator_params, result.task, result.point, result.n_samples
        self.planned[cell] = self.planned.get(cell, 1) - 1
        if result.wall_seconds is not None:
            for costs, key in ((self.cells, cell), (self.estimators, cell[:2])):
                known = costs.setdefault(key, [0, 0.0])
                known[0] += 1
                known[1] += result.wall_seconds

    @property
    def seconds(self) -> float:
        """NaN while trials are to come of an estimator of which none has ended."""
        total = 0.0
        for cell, count in list(self.planned.items()):
            known = self.cells.get(cell) or self.estimators.get(cell[:2], [1, math.nan])
            total += known[1] / known[0] * count if count > 0 else 0.0
        return total / self.slots

    def __str__(self) -> str:
        if math.isfinite(self.seconds):
            return f"{clock(self.seconds)} left"
        waiting = {cell[0]: None for cell, count in self.planned.items() if count and cell[:2] not in self.estimators}
        return f"time left known after a first {next(iter(waiting), 'trial')}"


def _line(result: "Result") -> str:
    head = f"{_head(result)} seed={result.seed}"
    if result.status == "ok" and result.scores is not None:
        shown = "  ".join(
            f"{name} {number(one.value)} {ARROWS.get(one.better, '')}"
            for name, one in read_scores(result.scores).items()
        )
        return f"{head}  {shown}  {result.fit_seconds:.2f} s"
    if result.status == "ok" and result.mi_estimate is not None and result.mi_true is not None:
        flags = f"  [{result.flags}]" if result.flags else ""
        return (
            f"{head}  {number(result.mi_estimate)} (true {number(result.mi_true)})  {result.fit_seconds:.2f} s{flags}"
        )
    return f"{head}  {result.status}: {result.error}"


def _cell(cell: "list[Result]") -> str:
    """A finished cell: mean ± sd over its seeds, and the truth, or of each score."""
    first, good = cell[0], [result for result in cell if result.status == "ok"]
    head = _head(first)
    if not good:
        return f"{head}  none of {len(cell)} ended ok"
    seconds = sum(r.fit_seconds or 0 for r in cell) / len(cell)
    if first.kind == "application":
        scores = [read_scores(result.scores) for result in good]
        shown = "  ".join(
            f"{name} {_spread([s[name].value for s in scores if name in s])} {ARROWS.get(one.better, '')}"
            for name, one in scores[0].items()
        )
        return f"{head}  {shown}  {seconds:.2f} s a trial"
    values = [result.mi_estimate for result in good if result.mi_estimate is not None]
    truth = f"true {number(first.mi_true)}" if first.mi_true is not None else "truth unknown"
    return f"{head}  {_spread(values)} ({truth})  {seconds:.2f} s a trial"


def _head(result: "Result") -> str:
    size = f"  n={result.n_samples}" if result.n_samples is not None else " "
    return f"{result.estimator:<10} {result.task}/{result.point}{size}"


def _spread(values: "list[float]") -> str:
    """Mean ± sd of what is finite, and of how many where that is not all."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return number(math.nan)
    sd = f" ± {number(statistics.stdev(finite))}" if len(finite) > 1 else ""
    return number(statistics.mean(finite)) + sd + (f" n={len(finite)}" if len(finite) < len(values) else "")


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _write(log: TextIO, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk is told by the row that cannot be written
        log.write(text + "\n")

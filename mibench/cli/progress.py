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

if TYPE_CHECKING:
    from mibench.result import Result
    from mibench.runs import Prepared

MOST_LINES = 500
"""A run of more cells than this shows only its failures and how far it is."""

EVERY = 30.0
"""Seconds between plain lines where there is no terminal."""


class Progress:
    """stderr is talk. `show` takes each row; `say` prints a line above the bar."""

    def __init__(self, folder: Path, total: int, *, quiet: bool, verbose: bool):
        self.total, self.quiet, self.verbose = total, quiet, verbose
        self.counts: Counter[str] = Counter()
        self.cells: dict[tuple[Any, ...], list[Result]] = {}
        self.seeds = self.slots = 0
        self.planned: dict[str, int] = {}
        self.seconds: dict[str, tuple[int, float]] = {}
        self.started = time.monotonic()
        self.last_line = self.started
        self.terminal = sys.stderr.isatty() and not quiet and os.environ.get("TERM") != "dumb"
        self.log: TextIO | None = self._open(folder)
        self.bar_shown = False

    @staticmethod
    def _open(folder: Path) -> TextIO | None:
        try:
            return (folder / "run.log").open("a", buffering=1, encoding="utf-8")
        except OSError:
            return None  # the first row will say what is wrong with the disk

    def begin(self, prepared: "Prepared") -> None:
        self.seeds, self.slots = len(prepared.seeds), len(prepared.slots)
        self.planned = prepared.planned
        kept = f", {prepared.kept} kept" if prepared.kept else ""
        if self.total:
            slots = Counter(slot.name for slot in prepared.slots)
            where = ", ".join(f"{count} × {name}" for name, count in slots.items())
            where = where if prepared.settings.executor == "local" else f"what {prepared.settings.executor} offers"
            self.say(f"{self.total} trials to run{kept}; at once: {where}; folder {prepared.folder}")
        else:
            self.say(f"nothing to run: all {prepared.kept} trials are in {prepared.folder}")
        for name, count in prepared.stale.items():
            self.say(
                f"{count} rows of {name} in the folder were made by another version of it or of its task; "
                "--rerun stale runs them again"
            )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def show(self, result: "Result") -> None:
        self.counts[result.status] += 1
        count, seconds = self.seconds.get(result.estimator, (0, 0.0))
        self.seconds[result.estimator] = count + 1, seconds + (result.wall_seconds or 0.0)
        line = _line(result)
        if self.log:
            _write(self.log, line)
        if result.status != "ok" or self.verbose:
            self.say(line, logged=False)
        key = (result.estimator, result.estimator_params, result.task, result.point, result.n_samples)
        cell = self.cells.setdefault(key, [])
        cell.append(result)
        if len(cell) == self.seeds:
            if not self.verbose and self.total <= MOST_LINES * self.seeds:
                self.say(_cell(cell), logged=False)
            del self.cells[key]
        if self.terminal:
            self._bar()
        elif not self.quiet and time.monotonic() - self.last_line > EVERY:
            self.last_line = time.monotonic()
            self.say(self._state())

    def say(self, text: str, logged: bool = True) -> None:
        if logged and self.log:
            _write(self.log, text)
        if not self.quiet:
            self._clear()
            print(text, file=sys.stderr, flush=True)
            if self.terminal and self.counts and sum(self.counts.values()) < self.total:
                self._bar()

    def _state(self) -> str:
        done, failed = sum(self.counts.values()), sum(self.counts.values()) - self.counts["ok"]
        return f"{done}/{self.total} · ok {self.counts['ok']} · failed {failed} · {clock(self._left())} left"

    def _left(self) -> float:
        """Seconds: what each estimator's trials took so far, times how many of them are to come, over the slots."""
        if not self.seconds:
            return math.nan
        overall = statistics.fmean(total / count for count, total in self.seconds.values())
        left = 0.0
        for name, planned in self.planned.items():
            count, total = self.seconds.get(name, (0, 0.0))
            left += max(planned - count, 0) * (total / count if count else overall)
        return left / max(self.slots, 1)

    def _bar(self) -> None:
        done = sum(self.counts.values())
        width = 24
        full = width * done // max(self.total, 1)
        self._clear()
        print(f"\r[{'█' * full}{'·' * (width - full)}] {self._state()}", end="", file=sys.stderr, flush=True)
        self.bar_shown = True

    def _clear(self) -> None:
        if self.bar_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self.bar_shown = False


def _line(result: "Result") -> str:
    head = f"{result.estimator:<10} {result.task}/{result.point}  n={result.n_samples} seed={result.seed}"
    if result.status == "ok" and result.mi_estimate is not None and result.mi_true is not None:
        flags = f"  [{result.flags}]" if result.flags else ""
        return f"{head}  {result.mi_estimate:.3f} (true {result.mi_true:.3f})  {result.fit_seconds:.2f} s{flags}"
    return f"{head}  {result.status}: {result.error}"


def _cell(cell: "list[Result]") -> str:
    """A finished cell: mean ± sd over its seeds, and the truth."""
    first, values = cell[0], [r.mi_estimate for r in cell if r.status == "ok" and r.mi_estimate is not None]
    head = f"{first.estimator:<10} {first.task}/{first.point}  n={first.n_samples}"
    if not values:
        return f"{head}  all {len(cell)} failed"
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    truth = f"true {first.mi_true:.3f}" if first.mi_true is not None else "truth unknown"
    seconds = sum(r.fit_seconds or 0 for r in cell) / len(cell)
    return f"{head}  {statistics.mean(values):.3f}{spread} ({truth})  {seconds:.2f} s a trial"


def clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "--:--"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _write(log: TextIO, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk is told by the row that cannot be written
        log.write(text + "\n")

"""The wide table before it is text: what stands where an estimator meets a task point, and what has to be said."""

from dataclasses import dataclass, fields

import pandas as pd

from mibench.findings.nearest import FEWEST_SEEDS, MARGIN_NATS, MARGIN_SHARE, nearest
from mibench.findings.summary import MIXED, UNITS, cells, mixed_note, natural, tidy
from mibench.tables.numbers import number

BOUND_SIGNS = {"lower": "≤", "upper": "≥", "none": ""}
UNSUPPORTED = "n/a: the estimator says beforehand that it cannot do this point; no failure"


@dataclass(frozen=True)
class Entry:
    """What stands where an estimator meets a task point; information in the grid's unit."""

    mean: float
    sd: float
    n_seeds: int
    n_ok: int
    n_failed: int
    n_unsupported: int
    n_codes: int
    failures: str
    flags: str
    best: bool

    @property
    def counts(self) -> list[tuple[str, str]]:
        """The flags, each with how many trials have it."""
        parts = (part.rpartition(" ") for part in self.flags.split(", ") if part)
        return [(word, times) for word, _, times in parts]


@dataclass(frozen=True)
class Grid:
    """The wide table: `rows` are (name, n, truth, its error), `columns` are (label, bound)."""

    rows: tuple[tuple[str, int, float, float], ...]
    columns: tuple[tuple[str, str], ...]
    entries: dict[tuple[int, str], Entry]
    unit: str
    seeds: int
    warnings: tuple[str, ...] = ()

    @property
    def one_n(self) -> int | None:
        """The number of samples, if all rows have the same."""
        ns = {n for _, n, _, _ in self.rows}
        return ns.pop() if len(ns) == 1 else None


KEPT = tuple(field.name for field in fields(Entry) if field.name != "best")


def grid(frame: pd.DataFrame, unit: str = "nats") -> Grid:
    """The wide table of a frame of trials: a row a task point and n, a column an estimator."""
    trials = tidy(frame)
    table = cells(trials, unit)
    marked = nearest(trials)
    winners = set(marked[marked].index) if len(marked) else set()
    keys: dict[tuple[str, str, int], int] = {}
    rows: list[tuple[str, int, float, float]] = []
    entries: dict[tuple[int, str], Entry] = {}
    for cell in table.to_dict("records"):
        key = (cell["task"], cell["point"], cell["n_samples"])
        if key not in keys:
            keys[key] = len(rows)
            rows.append(("/".join(filter(None, key[:2])), key[2], cell["truth"], cell["truth_error"]))
        entries[keys[key], cell["label"]] = Entry(
            **{name: cell[name] for name in KEPT},
            best=(*key, cell["label"]) in winners,
        )
    bounds = dict(zip(table["label"], table["bound"], strict=True))
    columns = tuple((label, bounds[label]) for label in sorted(bounds, key=natural))
    seeds = int(table["n_seeds"].mode().iloc[0]) if len(table) else 0
    return Grid(tuple(rows), columns, entries, unit, seeds, tuple(mixed_note(table)))


def flag_signs(grid: Grid) -> dict[str, str]:
    """A short sign for each flag of the grid: its first letters, as many as tell it from the others."""
    words = sorted({word for entry in grid.entries.values() for word, _ in entry.counts})
    signs: dict[str, str] = {}
    for word in words:
        length = next(k for k in range(1, len(word) + 1) if word[:k] not in signs.values())
        signs[word] = word[:length]
    return signs


def entry_text(entry: Entry | None, grid: Grid, signs: dict[str, str]) -> str:
    """The text where an estimator meets a task point: mean ± sd, what failed, and the flags by their signs."""
    if entry is None:
        return "not run"
    parts = []
    if entry.n_ok:
        spread = f" ± {number(entry.sd)}" if entry.n_ok > 1 else ""
        parts.append(number(entry.mean) + spread + (f" {MIXED}" if entry.n_codes > 1 else ""))
        if entry.n_seeds != grid.seeds:
            parts.append(f"n={entry.n_seeds}")
    if entry.n_failed:
        parts.append(f"{entry.n_failed} failed" if entry.n_ok else f"failed: {entry.failures}")
    if entry.n_unsupported:
        parts.append(f"{entry.n_unsupported} n/a" if entry.n_ok or entry.n_failed else "n/a")
    parts.append(" ".join(f"{signs[word]}{times}" for word, times in entry.counts))
    return "  ".join(filter(None, parts))


def notes(grid: Grid) -> list[str]:
    """What a reader of the wide table has to know, a line each."""
    n = f", n = {grid.one_n}" if grid.one_n else ""
    lines = [f"mean ± sd in {grid.unit} over {grid.seeds} seed{'s' * (grid.seeds != 1)}{n}"]
    if any(entry.best for entry in grid.entries.values()):
        margin = f"{number(MARGIN_NATS * UNITS[grid.unit])} {grid.unit} or {MARGIN_SHARE:.0%} of the truth"
        said = f"or shown to be within {margin.replace('%', ' %')} of it (paired t on |error|, 5 %, Holm)"
        if grid.seeds < FEWEST_SEEDS:
            said = f"alone: under {FEWEST_SEEDS} seeds none can be shown to be as near"
        lines.append(f"* nearest the truth, {said}; failures bar it")
    bounds = {bound for _, bound in grid.columns}
    if "lower" in bounds:
        lines.append("≤ lower bound on the mutual information, in expectation")
    if "upper" in bounds:
        lines.append("≥ upper bound on the mutual information, in expectation")
    failed = sum(entry.n_failed for entry in grid.entries.values())
    if failed:
        lines.append(f"failed: trials without a result, {failed} in all; the means are of the others")
    if any(entry.n_unsupported for entry in grid.entries.values()):
        lines.append(UNSUPPORTED)
    lines += grid.warnings
    signs = flag_signs(grid)
    if signs:
        lines.append("flagged trials: " + ", ".join(f"{sign}2 = 2 {word}" for word, sign in signs.items()))
    return lines

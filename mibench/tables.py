"""Tables to read and to print: text, Markdown, CSV and JSON (LaTeX is in `mibench.latex`)."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mibench.summary import FEWEST_SHARED, best, cells, natural, tidy

BOUND_SIGNS = {"lower": "≤", "upper": "≥", "none": ""}


@dataclass(frozen=True)
class Entry:
    """What stands where an estimator meets a task point; information in the grid's unit."""

    mean: float
    sd: float
    n_seeds: int
    n_ok: int
    n_failed: int
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

    @property
    def one_n(self) -> int | None:
        """The number of samples, if all rows have the same."""
        ns = {n for _, n, _, _ in self.rows}
        return ns.pop() if len(ns) == 1 else None


def grid(frame: pd.DataFrame, unit: str = "nats") -> Grid:
    """The wide table of a frame of trials: a row a task point and n, a column an estimator."""
    trials = tidy(frame)
    table = cells(trials, unit)
    marked = best(trials)
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
            **{name: cell[name] for name in ("mean", "sd", "n_seeds", "n_ok", "n_failed", "failures", "flags")},
            best=(*key, cell["label"]) in winners,
        )
    bounds = dict(zip(table["label"], table["bound"], strict=True))
    columns = tuple((label, bounds[label]) for label in sorted(bounds, key=natural))
    seeds = int(table["n_seeds"].mode().iloc[0]) if len(table) else 0
    return Grid(tuple(rows), columns, entries, unit, seeds)


def number(value: float, digits: int = 3) -> str:
    """A value for reading: fixed digits, or an exponent where it would not fit; a dash for NaN."""
    if np.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.3g}"


def flag_signs(grid: Grid) -> dict[str, str]:
    """A short sign for each flag of the grid: its first letters, as many as tell it from the others."""
    words = sorted({word for entry in grid.entries.values() for word, _ in entry.counts})
    signs: dict[str, str] = {}
    for word in words:
        length = next(k for k in range(1, len(word) + 1) if word[:k] not in signs.values())
        signs[word] = word[:length]
    return signs


def entry_text(entry: Entry | None, grid: Grid, signs: dict[str, str]) -> str:
    if entry is None:
        return "not run"
    parts = []
    if entry.n_ok:
        parts.append(number(entry.mean) + (f" ± {number(entry.sd)}" if entry.n_ok > 1 else ""))
        if entry.n_seeds != grid.seeds:
            parts.append(f"n={entry.n_seeds}")
    if entry.n_failed:
        parts.append(f"{entry.n_failed} failed" if entry.n_ok else f"failed: {entry.failures}")
    parts.append(" ".join(f"{signs[word]}{times}" for word, times in entry.counts))
    return "  ".join(filter(None, parts))


def truth_text(truth: float, error: float) -> str:
    return number(truth) + (f" ± {number(error)}" if error >= 0.0005 else "")


def notes(grid: Grid) -> list[str]:
    """What a reader of the wide table has to know, a line each."""
    n = f", n = {grid.one_n}" if grid.one_n else ""
    lines = [f"mean ± sd in {grid.unit} over {grid.seeds} seed{'s' * (grid.seeds != 1)}{n}"]
    if any(entry.best for entry in grid.entries.values()):
        said = "or not worse beyond noise (paired t on |error|, 5 %, Holm)"
        if grid.seeds < FEWEST_SHARED:
            said = f"{grid.seeds} seeds are too few to say who is as near"
        lines.append(f"* nearest the truth, {said}; failures bar it")
    bounds = {bound for _, bound in grid.columns}
    if "lower" in bounds:
        lines.append("≤ lower bound on the mutual information, in expectation")
    if "upper" in bounds:
        lines.append("≥ upper bound on the mutual information, in expectation")
    failed = sum(entry.n_failed for entry in grid.entries.values())
    if failed:
        lines.append(f"failed: trials without a result, {failed} in all; the means are of the others")
    signs = flag_signs(grid)
    if signs:
        lines.append("flagged trials: " + ", ".join(f"{sign}2 = 2 {word}" for word, sign in signs.items()))
    return lines


def wide(frame: pd.DataFrame, unit: str = "nats", width: int = 0) -> str:
    """The text table that ends a run: a row a task point, a column an estimator.

    With a `width`, estimators that do not fit go below, with the tasks repeated.
    """
    table = grid(frame, unit)
    if not table.rows:
        return "no trials\n"
    signs = flag_signs(table)
    left = [["task", *(name for name, _, _, _ in table.rows)]]
    if table.one_n is None:
        left.append(["n", *(str(n) for _, n, _, _ in table.rows)])
    left.append(["truth", *(truth_text(truth, error) for _, _, truth, error in table.rows)])
    right = []
    for label, bound in table.columns:
        column = [f"{label} {BOUND_SIGNS[bound]}".strip()]
        for i in range(len(table.rows)):
            entry = table.entries.get((i, label))
            column.append(entry_text(entry, table, signs) + (" *" if entry and entry.best else ""))
        right.append(column)
    lines = []
    for block in _blocks(left, right, width):
        lines += [*aligned(block), ""]
    return "\n".join([*lines, *notes(table)]) + "\n"


def _blocks(left: list[list[str]], right: list[list[str]], width: int) -> list[list[list[str]]]:
    """The columns in groups no wider than `width`, each beginning with the left ones."""

    def room(columns: list[list[str]]) -> int:
        return sum(max(map(len, column)) + 2 for column in columns) - 2

    blocks = [list(left)]
    for column in right:
        if width and len(blocks[-1]) > len(left) and room([*blocks[-1], column]) > width:
            blocks.append(list(left))
        blocks[-1].append(column)
    return blocks


def aligned(columns: list[list[str]]) -> list[str]:
    """Columns padded to one width: words to the left, numbers to the right of the first column's name."""
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    return [lines[0], "  ".join("─" * w for w in widths), *lines[1:]]


def markdown(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The wide table in Markdown, best entries bold."""
    table = grid(frame, unit)
    signs = flag_signs(table)
    n = [] if table.one_n is not None else ["n"]
    head = ["task", *n, "truth", *(f"{label} {BOUND_SIGNS[bound]}".strip() for label, bound in table.columns)]
    lines = [[_md(cell) for cell in head]]
    for i, (name, samples, truth, error) in enumerate(table.rows):
        row = [_md(name), *([str(samples)] if n else []), truth_text(truth, error)]
        for label, _ in table.columns:
            entry = table.entries.get((i, label))
            text = _md(entry_text(entry, table, signs))
            row.append(f"**{text}**" if entry and entry.best else text)
        lines.append(row)
    said = [note.replace("* nearest", "Bold: nearest") for note in notes(table)]
    return _pipes(lines) + "\n" + "\n".join(f"{_md(note)}.  " for note in said) + "\n"


def _md(text: str) -> str:
    return re.sub(r"([|<>*_`\\\[\]])", r"\\\1", text)


def _pipes(lines: list[list[str]]) -> str:
    marked = ["| " + " | ".join(row) + " |" for row in lines]
    rule = "|" + "|".join([":--"] + ["--:"] * (len(lines[0]) - 1)) + "|"
    return "\n".join([marked[0], rule, *marked[1:]]) + "\n"


def records(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The cells as a JSON list; what is not a number is null."""
    table = cells(frame, unit)
    kept = table.astype(object).where(table.notna() & ~table.isin([np.inf, -np.inf]), None)
    return json.dumps(kept.assign(unit=unit).to_dict("records"), indent=1, ensure_ascii=False) + "\n"


def csv(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The cells as CSV, one row a cell, every column of `mibench.summary.cells`."""
    return cells(frame, unit).assign(unit=unit).to_csv(index=False)


LONG = {
    "label": "estimator", "task": "task", "point": "point", "n_samples": "n", "n_ok": "ok", "failures": "failures",
    "truth": "truth", "mean": "mean", "sd": "sd", "ci_low": "95 % from", "ci_high": "to", "bias": "bias",
    "rmse": "rmse", "fit_seconds": "seconds", "flags": "flags",
}  # fmt: skip


def long_columns(frame: pd.DataFrame, unit: str) -> list[list[str]]:
    """The long table by columns, each with its name on top."""
    table = cells(frame, unit)
    bounds = zip(table["label"], table["bound"], strict=True)
    table["label"] = [f"{label} {BOUND_SIGNS[bound]}".strip() for label, bound in bounds]
    return [[name, *map(_cell, table[column])] for column, name in LONG.items()]


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def text_long(frame: pd.DataFrame, unit: str = "nats") -> str:
    """A text line a cell, with interval, bias, root mean square error and the median time of a fit."""
    columns = long_columns(frame, unit)
    if len(columns[0]) == 1:
        return "no trials\n"
    said = f"mean, sd, 95 % t-interval of the mean, bias and rmse over the ok seeds, in {unit}; median seconds a fit"
    return "\n".join([*aligned(columns), "", said]) + "\n"


def long_markdown(frame: pd.DataFrame, unit: str = "nats") -> str:
    """The long table in Markdown."""
    return _pipes([[_md(cell) for cell in row] for row in zip(*long_columns(frame, unit), strict=True)])

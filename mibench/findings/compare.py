"""Is one better than the other? Two sides paired by sample.

Two sides are paired by task, point, n and seed, for rivals see the same sample. In each cell two paired t-tests ask
whether the estimates differ and whether |estimate − truth| does; Holm's adjustment covers all of these tests of one
comparison together, so that the chance of naming any cell wrongly is 5 %. Over cells a Wilcoxon signed-rank test on the
cells' mean |estimate − truth| asks who is nearer the truth, adjusted by Holm over pairs of estimators. A cell's
interval covers noise between seeds, the interval over cells their choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mibench.errors import NothingMatched, UsageError
from mibench.findings.paired import holm, paired_t, t_interval
from mibench.findings.summary import ROW, UNITS, cells, mixed_note, natural, of_applications, of_tasks, tidy
from mibench.specs import nearest

LEVEL = 0.05
TOO_FEW = "too few cells for a test: where fewer than 6 differ no outcome reaches 5 %"
ROUNDING = 1e-9
"""Nats; a smaller difference is the arithmetic of another machine."""
PAIR = [*ROW, "task_params", "seed"]


@dataclass(frozen=True)
class Over:
    """Who is nearer the truth over the cells of a comparison."""

    first: str
    second: str
    cells: int
    change: float
    """Mean over cells of |error| of second − first: below 0, the second is nearer."""
    low: float
    high: float
    p: float
    """Wilcoxon signed-rank, two-sided, adjusted by Holm; NaN where too few cells differ to reach 5 %."""
    said: str

    @property
    def verdict(self) -> str:
        """ "better", "worse" (the second than the first) or ""."""
        if not self.p <= LEVEL:
            return ""
        return "better" if self.change < 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """Two sides, cell by cell and over cells. Differences are second − first, in `unit`."""

    first: str
    second: str
    unit: str
    cells: pd.DataFrame
    overs: tuple[Over, ...]
    notes: tuple[str, ...] = ()

    @property
    def worse_cells(self) -> pd.DataFrame:
        """The cells in which the second side is worse: farther from the truth beyond noise, or newly failing."""
        newly = self.cells["failed_second"] > self.cells["failed_first"]
        return self.cells[newly | (self.cells["verdict"] == "worse")]

    @property
    def worse(self) -> bool:
        """Whether the second side is worse in a cell or over cells."""
        return len(self.worse_cells) > 0 or any(over.verdict == "worse" for over in self.overs)

    @property
    def differing(self) -> pd.DataFrame:
        """The cells where the two sides disagree beyond noise."""
        return self.cells[self.cells["verdict"] != ""]


def runs(
    first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str] = ("A", "B"), unit: str = "nats"
) -> Comparison:
    """A run against another: the estimators they share, or the only one of each."""
    (a, others), (b, _) = of_tasks(tidy(first)), of_tasks(tidy(second))
    shared = sorted(set(a["label"]) & set(b["label"]), key=natural)
    notes = list(others)
    if shared:
        alone = [f"{name} only: {label}" for name, side, other in ((names[0], a, b), (names[1], b, a))
                 for label in sorted(set(side["label"]) - set(other["label"]), key=natural)]  # fmt: skip
        notes += alone
        a, b = a[a["label"].isin(shared)], b[b["label"].isin(shared)]
    elif a["label"].nunique() == b["label"].nunique() == 1:
        notes.append(f"{names[0]} is {a['label'].iloc[0]}, {names[1]} is {b['label'].iloc[0]}")
        b = b.assign(label=a["label"].iloc[0])
    else:
        raise NothingMatched("the runs share no estimator; compare runs of the same ones, or of one estimator each")
    notes += _settings(a, b, names)
    notes += [f"{name}: {note}" for name, side in zip(names, (a, b), strict=True) for note in mixed_note(cells(side))]
    return _two(a, b, names, unit, notes)


def _settings(a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str]) -> list[str]:
    """Where the same label stands for other settings or other code on the two sides."""
    notes = []
    for column, what in (("estimator_params", "settings"), ("code", "code"), ("device", "device")):
        for label in sorted(set(a["label"]), key=natural):
            left, right = (set(side.loc[side["label"] == label, column].dropna()) for side in (a, b))
            if left != right:
                detail = f": {', '.join(sorted(left))} → {', '.join(sorted(right))}" if what != "code" else ""
                notes.append(f"{label}: other {what} in {names[0]} than in {names[1]}{detail}")
    return notes


def labels(frame: pd.DataFrame, first: str, second: str, unit: str = "nats") -> Comparison:
    """Two estimators of one frame."""
    rows, notes = of_tasks(tidy(frame))
    known = set(rows["label"])
    for name in (first, second):
        if name not in known:
            raise UsageError(f"the run has no estimator '{name}'; {nearest(name, known)}")
    a, b = (rows[rows["label"] == name] for name in (first, second))
    notes += mixed_note(cells(pd.concat([a, b])))
    return _two(a, b.assign(label=first), (first, second), unit, notes, labelled=False)


def with_baseline(frame: pd.DataFrame, baseline: str, unit: str = "nats") -> list[Comparison]:
    """Every other estimator of a frame against one of them."""
    rows = tidy(frame)
    others = sorted(set(of_tasks(rows)[0]["label"]) - {baseline}, key=natural)
    if not others:
        raise NothingMatched("the run has one estimator alone")
    if baseline in set(of_applications(rows)["label"]) - set(of_tasks(rows)[0]["label"]):
        raise NothingMatched(f"'{baseline}' has no trial")
    return [labels(frame, baseline, other, unit) for other in others]


def _two(
    a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str], unit: str, notes: Sequence[str], labelled: bool = True
) -> Comparison:
    keys = ["label", *PAIR]
    columns = [*keys, "mi_estimate", "mi_true", "ok", "failed", "code", "one_sample"]
    both = a[columns].merge(b[columns], on=keys, suffixes=("_first", "_second"))
    if both.empty:
        raise NothingMatched(f"{names[0]} and {names[1]} share no task, point, n and seed; nothing can be paired")
    notes = list(notes)
    if len(both) < max(len(a), len(b)):
        alone = f"{len(a) - len(both)} of {names[0]}, {len(b) - len(both)} of {names[1]}"
        notes.append(f"trials of one side alone, left out: {alone}")
    moved = ~np.isclose(both["mi_true_first"], both["mi_true_second"], rtol=1e-9, atol=1e-9, equal_nan=True)
    if moved.any():
        notes.append(f"{int(moved.sum())} pairs with another truth on each side, left out: the task has changed")
        both = both[~moved]
    scale = UNITS[unit]
    good = both["ok_first"] & both["ok_second"]
    error = [((both[f"mi_estimate_{s}"] - both[f"mi_true_{s}"]) * scale).where(good) for s in ("first", "second")]
    difference, change = _rounded(error[1] - error[0], scale), _rounded(error[1].abs() - error[0].abs(), scale)
    both = both.assign(
        first=(both["mi_estimate_first"] * scale).where(good),
        second=(both["mi_estimate_second"] * scale).where(good),
        truth=both["mi_true_first"] * scale,
        difference=difference,
        change=change,
    )
    by = both.groupby(["label", *ROW], sort=False)
    table = by.agg(
        pairs=("difference", "count"),
        truth=("truth", "mean"),
        first=("first", "mean"),
        second=("second", "mean"),
        difference=("difference", "mean"),
        sd=("difference", "std"),
        change=("change", "mean"),
        change_sd=("change", "std"),
        failed_first=("failed_first", "sum"),
        failed_second=("failed_second", "sum"),
        codes_first=("code_first", "nunique"),
        codes_second=("code_second", "nunique"),
        one=("one_sample_first", "any"),
    ).reset_index()
    draws = table["pairs"].where(~table.pop("one"), 1)  # seeds that share all rows of a file are one draw
    table["low"], table["high"] = t_interval(table["difference"], table["sd"], draws)
    raw = [paired_t(table[m], table[s], draws) for m, s in (("difference", "sd"), ("change", "change_sd"))]
    after = holm(np.concatenate(raw))
    table["p"], table["p_change"] = after[: len(table)], after[len(table) :]
    nearer = np.where(table["change"] < 0, "better", "worse")
    table["verdict"] = np.where(table["p_change"] <= LEVEL, nearer, np.where(table["p"] <= LEVEL, "differs", ""))
    if draws.max() < 2:
        notes.append("one sample a cell: no test can be made; run more seeds, or fewer rows of a file than it has")
    failed = both["failed_first"] | both["failed_second"]
    for count, why in ((failed.sum(), "failed"), ((~good & ~failed).sum(), "does not support the point")):
        if count:
            notes.append(f"{count} pairs left out because a side {why}")
    overs = [
        over_cells(part["change"], *(f"{name}: {label}" if labelled else name for name in names))
        for label, part in table.groupby("label")
    ]
    order = sorted(
        range(len(table)), key=lambda i: tuple(natural(table[c][i]) for c in ("label", "task", "point", "n_samples"))
    )
    notes += [TOO_FEW] if any(one.said == TOO_FEW for one in overs) else []
    return Comparison(*names, unit, table.iloc[order].reset_index(drop=True), adjusted(overs), tuple(notes))


def _rounded(values: pd.Series, scale: float) -> pd.Series:
    return values.where((values.abs() > ROUNDING * scale) | values.isna(), 0.0)


def over_cells(changes: pd.Series, first: str, second: str) -> Over:
    """Wilcoxon's signed-rank test of the cells' changes in |error|; says so where no outcome could reach 5 %."""
    from scipy.stats import wilcoxon

    known = changes.dropna()
    n, moved = len(known), int((known != 0).sum())
    mean, sd, count = (pd.Series([v], dtype=float) for v in (known.mean(), known.std(), n))
    low, high = (float(end.iloc[0]) for end in t_interval(mean, sd, count))
    p, said = np.nan, ""
    if not n:
        said = "no cell has an ok pair"
    elif not moved:
        p, said = 1.0, "no cell differs"
    elif 2 / 2.0**moved > LEVEL:
        said = TOO_FEW
    else:
        p = float(wilcoxon(known.to_numpy()).pvalue)
    return Over(first, second, n, float(mean.iloc[0]), low, high, p, said)


def adjusted(overs: Sequence[Over]) -> tuple[Over, ...]:
    """The same, each p adjusted by Holm for all of them."""
    return tuple(replace(over, p=float(p)) for over, p in zip(overs, holm([o.p for o in overs]), strict=True))

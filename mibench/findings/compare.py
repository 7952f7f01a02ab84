"""Is one better than the other? Two sides paired by sample, and many estimators ranked over cells.

Two sides are paired by task, point, n and seed, for rivals see the same sample. In each cell two paired t-tests ask
whether the estimates differ and whether |estimate − truth| does; Holm's adjustment covers all of these tests of one
comparison together, so that the chance of naming any cell wrongly is 5 %. Over cells a Wilcoxon signed-rank test on the
cells' mean |estimate − truth| asks who is nearer the truth, adjusted by Holm over pairs of estimators (Benavoli, Corani
and Mangili, arXiv:1505.02288, say why pairwise tests and not mean ranks). A cell's interval covers noise
between seeds, the interval over cells their choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from mibench.errors import NothingMatched, UsageError
from mibench.findings.paired import holm, paired_t, t_interval
from mibench.findings.summary import ROW, UNITS, natural, tidy, without_idle
from mibench.specs import nearest

LEVEL = 0.05
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
    def worse(self) -> bool:
        """Whether the second side is worse: farther from the truth beyond noise, or newly failing."""
        newly = (self.cells["failed_second"] > self.cells["failed_first"]).any()
        return bool((self.cells["verdict"] == "worse").any() or newly or any(o.verdict == "worse" for o in self.overs))

    @property
    def differing(self) -> pd.DataFrame:
        """The cells where the two sides disagree beyond noise."""
        return self.cells[self.cells["verdict"] != ""]


@dataclass(frozen=True)
class Ranking:
    """Estimators over the cells that all of them have, best first."""

    labels: tuple[str, ...]
    ranks: tuple[float, ...]
    errors: tuple[float, ...]
    """Mean over the cells that an estimator finished of the mean |estimate − truth|, in `unit`; NaN if none."""
    wins: tuple[int, ...]
    cells: int
    dropped: int
    friedman: float
    pairs: tuple[Over, ...]
    cliques: tuple[tuple[str, ...], ...]
    """Largest groups of neighbours in rank of which no two differ significantly."""
    unit: str
    notes: tuple[str, ...] = field(default=())


def runs(
    first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str] = ("A", "B"), unit: str = "nats"
) -> Comparison:
    """A run against another: the estimators they share, or the only one of each."""
    a, b = tidy(first), tidy(second)
    shared = sorted(set(a["label"]) & set(b["label"]), key=natural)
    notes = []
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
    rows = tidy(frame)
    known = set(rows["label"])
    for name in (first, second):
        if name not in known:
            raise UsageError(f"the run has no estimator '{name}'; {nearest(name, known)}")
    a, b = (rows[rows["label"] == name] for name in (first, second))
    return _two(a, b.assign(label=first), (first, second), unit, [], labelled=False)


def with_baseline(frame: pd.DataFrame, baseline: str, unit: str = "nats") -> list[Comparison]:
    """Every other estimator of a frame against one of them."""
    others = sorted(set(tidy(frame)["label"]) - {baseline}, key=natural)
    if not others:
        raise NothingMatched("the run has one estimator alone")
    return [labels(frame, baseline, other, unit) for other in others]


def _two(
    a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str], unit: str, notes: Sequence[str], labelled: bool = True
) -> Comparison:
    keys = ["label", *PAIR]
    columns = [*keys, "mi_estimate", "mi_true", "ok"]
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
        failed_first=~both["ok_first"],
        failed_second=~both["ok_second"],
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
    ).reset_index()
    table["low"], table["high"] = t_interval(table["difference"], table["sd"], table["pairs"])
    raw = [paired_t(table[m], table[s], table["pairs"]) for m, s in (("difference", "sd"), ("change", "change_sd"))]
    adjusted = holm(np.concatenate(raw))
    table["p"], table["p_change"] = adjusted[: len(table)], adjusted[len(table) :]
    nearer = np.where(table["change"] < 0, "better", "worse")
    table["verdict"] = np.where(table["p_change"] <= LEVEL, nearer, np.where(table["p"] <= LEVEL, "differs", ""))
    if table["pairs"].max() < 2:
        notes.append("one seed a cell: no test can be made; run more seeds")
    dropped = int((~good).sum())
    if dropped:
        notes.append(f"{dropped} pairs left out because a side failed")
    overs = [
        _over(part["change"], *(f"{name}: {label}" if labelled else name for name in names))
        for label, part in table.groupby("label")
    ]
    order = sorted(
        range(len(table)), key=lambda i: tuple(natural(table[c][i]) for c in ("label", "task", "point", "n_samples"))
    )
    return Comparison(*names, unit, table.iloc[order].reset_index(drop=True), _adjusted(overs), tuple(notes))


def _rounded(values: pd.Series, scale: float) -> pd.Series:
    return values.where((values.abs() > ROUNDING * scale) | values.isna(), 0.0)


def _over(changes: pd.Series, first: str, second: str) -> Over:
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
        said = f"too few cells for a test: with {moved} that differ no outcome reaches 5 %, with 6 the clearest does"
    else:
        p = float(wilcoxon(known.to_numpy()).pvalue)
    return Over(first, second, n, float(mean.iloc[0]), low, high, p, said)


def _adjusted(overs: Sequence[Over]) -> tuple[Over, ...]:
    from dataclasses import replace

    return tuple(replace(over, p=float(p)) for over, p in zip(overs, holm([o.p for o in overs]), strict=True))


def ranking(frame: pd.DataFrame, unit: str = "nats", failures: str = "drop") -> Ranking:
    """All estimators of a frame over its cells, by mean |estimate − truth| over the seeds that all have ok.

    A cell some estimator lacks or never finished is dropped, or with `failures="worst"` an estimator that lacks a seed
    of it or failed is last in it. Who has no ok trial at all is dropped instead of every cell.
    """
    from scipy.stats import friedmanchisquare

    if failures not in ("drop", "worst"):
        raise UsageError(f"failures '{failures}' is neither drop nor worst")
    rows = tidy(frame)
    if rows.empty:
        raise NothingMatched("there are no trials to compare")
    if rows["label"].nunique() < 2:
        raise NothingMatched("one estimator alone cannot be ranked; run at least two")
    notes: list[str] = []
    if failures == "drop":
        rows, notes = without_idle(rows)
    rows = rows.assign(error=((rows["mi_estimate"] - rows["mi_true"]).abs() * UNITS[unit]).where(rows["ok"]))
    wide = rows.set_index([*PAIR, "label"])["error"].unstack("label")
    wide = wide[sorted(wide, key=natural)]
    total = len(rows.drop_duplicates(ROW))
    if failures == "drop":
        measured = table = wide.dropna().groupby(ROW).mean()
    else:
        measured = wide.groupby(ROW).mean().where(wide.notna().groupby(ROW).all()).dropna(how="all")
        table = measured.apply(lambda row: row.fillna(10 * row.max()), axis=1)
        if measured.isna().any(axis=None):
            notes.append(
                "who failed or was not run counts as ten times the worst |error| of the cell; "
                "mean |error| is over the cells that an estimator finished"
            )
    if table.empty:
        by = "every estimator; use --failures worst" if rows["ok"].any() else "any estimator"
        raise NothingMatched(f"no cell was finished by {by}")
    place = table.round(12).rank(axis=1)
    best_first = sorted(table.columns, key=lambda label: (place[label].mean(), natural(label)))
    pairs = _adjusted([_over(table[b] - table[a], a, b) for a, b in combinations(best_first, 2)])
    friedman = np.nan
    if len(best_first) > 2 and len(table) > 1:
        with np.errstate(invalid="ignore"):  # all ranks tied
            friedman = float(friedmanchisquare(*(table[label] for label in best_first)).pvalue)
    if len(table) < total:
        notes.append(f"{total - len(table)} of {total} cells dropped: some estimator has no ok trial there")
    if pairs[0].said:
        notes.append(pairs[0].said)
    elif not any(over.p <= LEVEL for over in pairs):
        smallest = len(pairs) * 2 / 2.0 ** len(table)
        if smallest > LEVEL:
            notes.append(
                f"{len(table)} cells cannot separate {len(pairs)} pairs: the smallest adjusted p is {smallest:.2g}"
            )
    return Ranking(
        tuple(best_first),
        tuple(float(place[label].mean()) for label in best_first),
        tuple(float(measured[label].mean()) for label in best_first),
        tuple(int((place[label] == place.min(axis=1)).sum()) for label in best_first),
        len(table),
        total - len(table),
        friedman,
        pairs,
        _cliques(best_first, pairs),
        unit,
        tuple(notes),
    )


def _cliques(best_first: Sequence[str], pairs: Sequence[Over]) -> tuple[tuple[str, ...], ...]:
    apart = {frozenset((over.first, over.second)) for over in pairs if over.p <= LEVEL}
    found: list[tuple[str, ...]] = []
    for start in range(len(best_first)):
        end = start + 1
        while end < len(best_first) and not any(
            frozenset((other, best_first[end])) in apart for other in best_first[start:end]
        ):
            end += 1
        group = tuple(best_first[start:end])
        if len(group) > 1 and not any(set(group) <= set(other) for other in found):
            found.append(group)
    return tuple(found)

"""From rows of trained models to numbers: one cell an estimator, application point and score."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mibench.findings.nearest import best
from mibench.findings.paired import t_interval
from mibench.findings.summary import counted, failures, natural, of_applications, tidy
from mibench.result import read_scores

POINT = ["task", "point"]
"""What names an application; with `score` beside it, a column of its table."""
WITHOUT = "none"
"""The estimator that stands for the model without a term: it comes first."""


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a trial and score of its application: `value`, NaN where the trial is not ok or has no such score.

    `loss` is the same so that less is better. Scores keep the order of their application, as `order` says. Of an
    application of which no trial has scores there is no row.
    """
    rows = of_applications(tidy(frame))
    kept = [read_scores(text) for text in rows["scores"]]
    declared: dict[tuple[str, str], dict[str, tuple[str, float]]] = {}
    for key, scores in zip(rows[POINT].itertuples(index=False, name=None), kept, strict=True):
        for name, one in scores.items():
            declared.setdefault(key, {}).setdefault(name, (one.better, one.margin))
    at, names, orders, values, better, margins = [], [], [], [], [], []
    for i, (key, ok) in enumerate(zip(rows[POINT].itertuples(index=False, name=None), rows["ok"], strict=True)):
        for order, (name, (direction, margin)) in enumerate(declared.get(key, {}).items()):
            at.append(i)
            names.append(name)
            orders.append(order)
            values.append(kept[i][name].value if ok and name in kept[i] else np.nan)
            better.append(direction)
            margins.append(margin)
    long = rows.iloc[at].reset_index(drop=True)
    long = long.assign(score=names, order=orders, value=np.array(values, dtype=float), better=better, margin=margins)
    return long.assign(loss=long["value"].where(long["better"] == "lower", -long["value"]))


def by_application(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The name of each application of a frame of trials and its rows: `none` first, estimators and seeds in order."""
    rows = of_applications(tidy(frame))
    parts = [("/".join(filter(None, map(str, key))), part) for key, part in rows.groupby(POINT)]
    for name, part in sorted(parts, key=lambda pair: natural(pair[0])):
        keys = zip(part["estimator"] != WITHOUT, part["label"].map(natural), part["seed"], part.index, strict=True)
        yield name, part.loc[[key[-1] for key in sorted(keys)]]


HUGE = 2.0**700
"""Sums of scores as large, and of their squares, are taken in this unit: a power of two, so that no digit changes."""


@np.errstate(over="ignore", invalid="ignore")  # what no float holds is infinite
def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a cell: all seeds of one estimator as the term of one application, and one of its scores.

    `mean`, `sd` (ddof=1) and the 95 % t-interval `ci_low`, `ci_high` are over the seeds that have the score; the
    interval covers noise between seeds alone. `best`: of its score the best mean, or from 5 seeds on shown to be within
    the margin of it; a `baseline` of the application's own is none. `mi_estimate` is the mean of the terms' own bounds,
    in nats, times are in seconds.
    """
    long = scored(frame)
    if long.empty:
        return pd.DataFrame(columns=list(STATISTICS))
    row = [*POINT, "score"]
    long = long.assign(seconds=long["fit_seconds"].where(long["ok"]), nats=long["mi_estimate"].where(long["ok"]))
    largest = long["value"].abs().groupby([long[key] for key in (*row, "label")]).transform("max")
    unit = pd.Series(np.where(largest > 1e100, HUGE, 1.0), index=long.index)
    long = long.assign(unit=unit, scaled=long["value"] / unit)
    by = long.groupby([*row, "label"], sort=False)
    table = by.agg(
        estimator=("estimator", "first"),
        order=("order", "first"),
        better=("better", "first"),
        margin=("margin", "first"),
        n_seeds=("seed", "size"),
        n_ok=("ok", "sum"),
        n_failed=("failed", "sum"),
        n=("value", "count"),
        unit=("unit", "first"),
        mean=("scaled", "mean"),
        sd=("scaled", "std"),
        median=("scaled", "median"),
        mi_estimate=("nats", "mean"),
        fit_seconds=("seconds", "median"),
        n_codes=("code", "nunique"),
        baseline=("baseline", "first"),
    )
    for name in ("mean", "sd", "median"):
        table[name] *= table["unit"]
    table["n_unsupported"] = table["n_seeds"] - table["n_ok"] - table["n_failed"]
    table["ci_low"], table["ci_high"] = t_interval(table["mean"], table["sd"], table["n"])
    marked = best(long[~long["baseline"]].assign(loss=long["loss"].clip(-1e300, 1e300)), row)  # their sums are finite
    table["best"] = marked.reindex(table.index).eq(True)
    table["failures"] = counted(long, failures(long), row).reindex(table.index).fillna("")
    flags = long.loc[long["ok"], "flags"].str.split(",").explode()
    table["flags"] = counted(long.loc[flags.index], flags, row).reindex(table.index).fillna("") if len(flags) else ""
    table = table.reset_index()
    keys = [
        (task, natural(point), own, estimator != WITHOUT, natural(label), order)
        for task, point, own, estimator, label, order in table[
            [*POINT, "baseline", "estimator", "label", "order"]
        ].itertuples(index=False, name=None)
    ]
    order = sorted(range(len(table)), key=keys.__getitem__)
    return table.iloc[order][list(STATISTICS)].reset_index(drop=True)


STATISTICS = (
    "label", "estimator", "task", "point", "score", "better", "margin", "n_seeds", "n_ok", "n_failed", "n_unsupported",
    "n", "mean", "sd", "ci_low", "ci_high", "median", "best", "mi_estimate", "fit_seconds", "failures", "flags",
    "n_codes", "baseline",
)  # fmt: skip

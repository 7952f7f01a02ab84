"""Errors by estimator and task: estimators by rank, task points by regime."""

import math
from dataclasses import dataclass

import pandas as pd

from mibench.errors import NothingMatched
from mibench.findings.ranking import ranking
from mibench.findings.summary import ROW, UNITS, cells, natural, tidy

DIMENSIONS = ((1, "dimension 1"), (5, "dimension 2 to 5"), (20, "dimension 6 to 20"), (math.inf, "dimension over 20"))
"""The regimes of the larger side's dimension: each to its number, that included."""
TRUTHS = ((0.5, "under 0.5 nats"), (2.0, "0.5 to 2 nats"), (math.inf, "2 nats and more"))
"""The regimes of the true mutual information: each to its number, that excluded."""
FEW = 2
"""Rows a regime, on average, below which the regimes order the rows but have no headings."""


@dataclass(frozen=True)
class ErrorMap:
    """Root mean square errors in the unit asked for.

    `labels` are the estimators, nearest the truth first; `groups` are regimes in order, each with its rows of
    `findings.summary.cells`, or all rows with an empty name. A cell that was not run is missing.
    """

    labels: tuple[str, ...]
    groups: tuple[tuple[str, pd.DataFrame], ...]

    @property
    def cells(self) -> pd.DataFrame:
        """All cells of the map."""
        return pd.concat([rows for _, rows in self.groups])


def error_map(frame: pd.DataFrame, unit: str = "nats") -> ErrorMap:
    """The map of a frame of trials, each task point at its largest n. Raises NothingMatched if no trial is ok."""
    trials = tidy(frame)
    table = cells(trials, unit)
    table = table[table["n_samples"] == table.groupby(["task", "point"])["n_samples"].transform("max")]
    if not table["rmse"].notna().any():
        raise NothingMatched("no cell has an ok trial whose truth is known")
    larger = table[["dim_x", "dim_y"]].max(axis=1).fillna(1)
    dimension = larger.map(lambda value: sum(value > end for end, _ in DIMENSIONS))
    size = (table["truth"] / UNITS[unit]).map(lambda value: sum(value >= end for end, _ in TRUTHS))
    found = sorted(set(zip(dimension, size, strict=True)))
    order = (dimension * len(TRUTHS) + size).sort_values(kind="stable").index
    if len(table[ROW].drop_duplicates()) < FEW * len(found):
        return ErrorMap(_by_rank(trials, set(table["label"])), (("", table.loc[order]),))
    groups = tuple((f"{DIMENSIONS[d][1]}, {TRUTHS[t][1]}", table[(dimension == d) & (size == t)]) for d, t in found)
    return ErrorMap(_by_rank(trials, set(table["label"])), groups)


def _by_rank(trials: pd.DataFrame, labels: set[str]) -> tuple[str, ...]:
    """By mean rank; those without one behind, by name."""
    try:
        ranked = ranking(trials).labels
    except NothingMatched:
        ranked = ()
    first = [label for label in ranked if label in labels]
    return (*first, *sorted(labels - set(first), key=natural))

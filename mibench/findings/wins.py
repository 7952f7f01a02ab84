"""Which term makes the better model? Two sides of an application, paired by seed, by the score that decides.

Data, first weights and noise are the same for every term, so that the models of one seed are a pair. A win is a pair in
which the second side's score is better. A paired t-test asks whether the means differ; Holm's adjustment covers all
tests of one comparison together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mibench.errors import UsageError
from mibench.findings.compare import LEVEL
from mibench.findings.paired import holm, paired_t, t_interval
from mibench.findings.scores import POINT, WITHOUT, scored
from mibench.findings.summary import natural
from mibench.specs import nearest

SEED = [*POINT, "score", "better", "task_params", "seed"]


@dataclass(frozen=True)
class Wins:
    """A row an application and pair of sides: `wins` and `losses` of the second, and its difference from the first."""

    table: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> pd.DataFrame:
        """The rows in which the second side is worse beyond noise, or newly failing."""
        newly = self.table["failed_second"] > self.table["failed_first"]
        return self.table[newly | (self.table["verdict"] == "worse")]


@np.errstate(over="ignore", invalid="ignore")
def against(frame: pd.DataFrame, reference: str | None = None) -> Wins | None:
    """Every other estimator against one of them: `none` if it is there and no other is named, else the first by name.

    An application's own baselines are no side but the one that is named. None where the frame has no two sides to pair.
    Raises UsageError for a reference that the frame lacks.
    """
    rows = _deciding(frame)
    known = sorted(set(rows["label"]), key=natural)
    terms = sorted(set(rows.loc[~rows["baseline"], "label"]), key=natural)
    if reference is not None and len(known) > 1 and reference not in known:
        raise UsageError(f"the run has no estimator '{reference}'; {nearest(reference, known)}")
    if len({*terms, reference} - {None}) < 2:
        return None
    one = reference or (WITHOUT if WITHOUT in terms else terms[0])
    others = [label for label in terms if label != one]
    return _judged([(one, other, _pairs(rows, one, rows, other)) for other in others])


@np.errstate(over="ignore", invalid="ignore")
def runs(first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str]) -> Wins | None:
    """A run against another, by the estimators that both have; None where no model of theirs can be paired."""
    a, b = _deciding(first), _deciding(second)
    shared = sorted(set(a["label"]) & set(b["label"]), key=natural)
    sides = [(label, *(f"{name}: {label}" for name in names)) for label in shared]
    return _judged([(one, other, _pairs(a, label, b, label)) for label, one, other in sides])


def _deciding(frame: pd.DataFrame) -> pd.DataFrame:
    """The first score of each model; what an estimator cannot do is no side of a pair."""
    long = scored(frame)
    return long[(long["order"] == 0) & (long["status"] != "unsupported")]


def _pairs(a: pd.DataFrame, first: str, b: pd.DataFrame, second: str) -> pd.DataFrame:
    columns = [*SEED, "value", "loss", "failed"]
    left, right = a.loc[a["label"] == first, columns], b.loc[b["label"] == second, columns]
    return left.merge(right, on=SEED, suffixes=("_first", "_second"))


def _judged(sides: list[tuple[str, str, pd.DataFrame]]) -> Wins | None:
    both = [pairs.assign(first=first, second=second) for first, second, pairs in sides if len(pairs)]
    if not both:
        return None
    every = pd.concat(both, ignore_index=True)
    good = every["value_first"].notna() & every["value_second"].notna()
    change = (every["loss_second"] - every["loss_first"]).where(good)
    every = every.assign(
        difference=(every["value_second"] - every["value_first"]).where(good),
        change=change,
        won=change < 0,
        lost=change > 0,
        value_first=every["value_first"].where(good),
        value_second=every["value_second"].where(good),
    )
    table = (
        every.groupby([*POINT, "score", "better", "first", "second"], sort=False)
        .agg(
            pairs=("difference", "count"),
            wins=("won", "sum"),
            losses=("lost", "sum"),
            mean_first=("value_first", "mean"),
            mean_second=("value_second", "mean"),
            difference=("difference", "mean"),
            sd=("difference", "std"),
            change=("change", "mean"),
            failed_first=("failed_first", "sum"),
            failed_second=("failed_second", "sum"),
        )
        .reset_index()
    )
    table["low"], table["high"] = t_interval(table["difference"], table["sd"], table["pairs"])
    table["p"] = holm(paired_t(table["difference"], table["sd"], table["pairs"]))
    table["verdict"] = np.where(table["p"] <= LEVEL, np.where(table["change"] < 0, "better", "worse"), "")
    order = sorted(range(len(table)), key=lambda i: tuple(natural(table[c][i]) for c in (*POINT, "first", "second")))
    notes = ["one seed an application: no test can be made; run more seeds"] if table["pairs"].max() < 2 else []
    if left_out := int((~good).sum()):
        notes.append(f"{left_out} pairs of models left out because a side failed, or lacks the score")
    return Wins(table.iloc[order].reset_index(drop=True), tuple(notes))

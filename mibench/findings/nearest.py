"""Who is nearest the truth in a row of the wide table, and who is shown to be as near."""

import numpy as np
import pandas as pd

from mibench.findings.paired import below_margin, holm
from mibench.findings.summary import ROW, of_tasks

FEWEST_SEEDS = 5
"""With fewer seeds in common the test has no power worth the name, and the nearest stands alone."""
MARGIN_NATS, MARGIN_SHARE = 0.02, 0.05
"""As near is: within this of the nearest's mean |error|, in nats or as a share of the truth, whichever is more."""


def nearest(rows: pd.DataFrame, level: float = 0.05) -> pd.Series:
    """Which cells are the nearest of their row of the wide table, or shown to be as near.

    Nearest is the smallest mean |estimate − truth| among the cells of a row without a failure. From `FEWEST_SEEDS`
    seeds in common with it on, another such cell is marked too if a one-sided paired t-test shows that its mean |error|
    is larger by less than the margin, adjusted by Holm within the row: in at most 5 % of rows is one marked wrongly.
    Index: task, point, n_samples, label. A row with one such cell has none.
    """
    rows, _ = of_tasks(rows)
    margin = np.maximum(MARGIN_NATS, MARGIN_SHARE * rows["mi_true"])
    loss = (rows["mi_estimate"] - rows["mi_true"]).abs().where(rows["ok"])
    return best(rows.assign(loss=loss, margin=margin), ROW, level)


def best(rows: pd.DataFrame, row: list[str], level: float = 0.05) -> pd.Series:
    """By that same rule, which cells have the smallest mean `loss` of their row, or one shown to be as small.

    `row` are the columns that name a row, `label` beside them a cell; `loss` is NaN where there is none to count, and
    `margin` is how much more is as small.
    """
    by = rows.groupby([*row, "label"])
    mean = by["loss"].mean().where(~by["failed"].any()).dropna()
    mean = mean[mean.groupby(row).transform("size") > 1]
    if mean.empty:
        return pd.Series(dtype=bool)
    leader = pd.DataFrame(list(mean.groupby(row).idxmin()), columns=[*row, "label"])
    lead = leader.merge(rows, on=[*row, "label"])[[*row, "seed", "loss"]]
    shared = rows.merge(lead, on=[*row, "seed"], suffixes=("", "_lead"))
    shared["difference"] = shared["loss"] - shared["loss_lead"]
    paired = shared.groupby([*row, "label"])["difference"].agg(["mean", "std", "count"]).reindex(mean.index)
    margin = by["margin"].mean().reindex(mean.index)
    leads = mean == mean.groupby(row).transform("min")  # who is as good to the last bit leads too
    p = pd.Series(below_margin(paired["mean"], paired["std"], paired["count"], margin), index=mean.index)
    one = by["one_sample"].any().reindex(mean.index)  # its seeds are one draw
    p = p.where(~leads & ~one & (paired["count"] >= FEWEST_SEEDS))
    return leads | (p.groupby(row).transform(holm) <= level)

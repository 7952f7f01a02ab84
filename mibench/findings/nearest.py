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
    rows = rows.assign(absolute=(rows["mi_estimate"] - rows["mi_true"]).abs().where(rows["ok"]))
    by = rows.groupby([*ROW, "label"])
    mean = by["absolute"].mean().where(~by["failed"].any()).dropna()
    mean = mean[mean.groupby(ROW).transform("size") > 1]
    if mean.empty:
        return pd.Series(dtype=bool)
    leader = pd.DataFrame(list(mean.groupby(ROW).idxmin()), columns=[*ROW, "label"])
    lead = leader.merge(rows, on=[*ROW, "label"])[[*ROW, "seed", "absolute"]]
    shared = rows.merge(lead, on=[*ROW, "seed"], suffixes=("", "_lead"))
    shared["difference"] = shared["absolute"] - shared["absolute_lead"]
    paired = shared.groupby([*ROW, "label"])["difference"].agg(["mean", "std", "count"]).reindex(mean.index)
    margin = np.maximum(MARGIN_NATS, MARGIN_SHARE * by["mi_true"].mean().reindex(mean.index))
    leads = pd.Series(True, index=pd.MultiIndex.from_frame(leader)).reindex(mean.index, fill_value=False)
    p = pd.Series(below_margin(paired["mean"], paired["std"], paired["count"], margin), index=mean.index)
    one = by["one_sample"].any().reindex(mean.index)  # its seeds are one draw
    p = p.where(~leads & ~one & (paired["count"] >= FEWEST_SEEDS))
    return leads | (p.groupby(ROW).transform(holm) <= level)

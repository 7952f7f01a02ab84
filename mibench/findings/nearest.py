"""Who is nearest the truth in a row of the wide table."""

import pandas as pd

from mibench.findings.paired import holm, paired_t
from mibench.findings.summary import ROW

FEWEST_SHARED = 3
"""With fewer seeds in common a paired t-test finds next to nobody worse, so that being found no worse says nothing."""


def nearest(rows: pd.DataFrame, level: float = 0.05) -> pd.Series:
    """Which cells are the best of their row of the wide table, or not worse than it beyond noise.

    Best is the smallest mean |estimate - truth| among cells of two or more seeds and no failure; another such cell
    stays beside it if it shares `FEWEST_SHARED` seeds or more with it, and a paired t-test over them, adjusted by Holm
    within the row, does not say that it is worse.
    Index: task, point, n_samples, label. A row with one such cell has no best.
    """
    rows = rows.assign(absolute=(rows["mi_estimate"] - rows["mi_true"]).abs().where(rows["ok"]))
    by = rows.groupby([*ROW, "label"])
    sound = by["ok"].all() & (by.size() > 1)
    mean = by["absolute"].mean().where(sound).dropna()
    rivals = mean.groupby(ROW).transform("size") > 1
    mean = mean[rivals]
    if mean.empty:
        return pd.Series(dtype=bool)
    leader = pd.DataFrame(list(mean.groupby(ROW).idxmin()), columns=[*ROW, "label"])
    lead = leader.merge(rows, on=[*ROW, "label"])[[*ROW, "seed", "absolute"]]
    shared = rows.merge(lead, on=[*ROW, "seed"], suffixes=("", "_lead"))
    shared["difference"] = shared["absolute"] - shared["absolute_lead"]
    paired = shared.groupby([*ROW, "label"])["difference"].agg(["mean", "std", "count"]).reindex(mean.index)
    p = pd.Series(paired_t(paired["mean"], paired["std"], paired["count"]), index=mean.index)
    leads = pd.Series(True, index=pd.MultiIndex.from_frame(leader)).reindex(mean.index, fill_value=False)
    adjusted = p.where(~leads).groupby(ROW).transform(holm)
    return leads | ((adjusted > level) & (paired["count"] >= FEWEST_SHARED))

"""Which estimator is the best term? Over the applications of a frame, by the score that decides each of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mibench.errors import NothingMatched
from mibench.findings.places import differences, nearer, places
from mibench.findings.scores import POINT, WITHOUT, cells, scored
from mibench.findings.summary import natural
from mibench.findings.wins import against


@dataclass(frozen=True)
class Terms:
    """`table` has a row an estimator and application, the best estimator first; an application's own baselines none.

    `mean`, `sd`, `n`, `best` and `failures` are those of `mibench.findings.scores.cells`. `gain` is how much better
    than without a term the score is, in its unit and over the `pairs` of models of one seed, of which the term has won
    `wins`. `rank` is the estimator's mean place by pairs over the applications that both finished without a failure
    (see `mibench.findings.places`), NaN for one that shares none; of these it has `finished` so many. Who finished
    fewer comes after all who finished more, however good where it did.
    """

    table: pd.DataFrame
    seeds: int
    points: int
    """How many applications there are."""


@np.errstate(over="ignore", invalid="ignore")
def terms(frame: pd.DataFrame) -> Terms:
    """The estimators of a frame as terms. Raises NothingMatched where no model was scored."""
    table = cells(frame)
    table = table[~table["baseline"].astype(bool)].drop_duplicates([*POINT, "label"])  # a model's first score decides
    if table.empty:
        raise NothingMatched("there are no scores of trained models; run for example -e none,mine -t mode-collapse")
    table = table.merge(_gains(frame), how="left", on=[*POINT, "label"])
    table = table.merge(_ranks(frame), how="left", on="label").fillna({"finished": 0}).astype({"finished": int})
    named = (
        table[["finished", "rank", "label", *POINT]].fillna({"rank": float("inf")}).itertuples(index=False, name=None)
    )
    keys = [(-finished, place, natural(label), task, natural(point)) for finished, place, label, task, point in named]
    order = sorted(range(len(table)), key=keys.__getitem__)
    points = len(table[POINT].drop_duplicates())
    return Terms(table.iloc[order][list(COLUMNS)].reset_index(drop=True), int(table["n_seeds"].max()), points)


def _ranks(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each label its mean place, and how many applications it finished."""
    long = scored(frame)
    long = long[(long["order"] == 0) & ~long["baseline"]]
    failed = long["failed"].groupby([long[key] for key in (*POINT, "label")]).transform("any")
    by_seed = long.assign(loss=long["loss"].mask(failed)).set_index([*POINT, "seed", "label"])["loss"].unstack("label")
    by_seed = by_seed.dropna(axis=1, how="all")
    finished = by_seed.notna().groupby(POINT).any().sum()
    place = places(nearer(differences(by_seed, POINT))) if by_seed.shape[1] > 1 else float("nan")
    return pd.DataFrame({"label": list(by_seed), "finished": finished.to_numpy(), "rank": place})


def _gains(frame: pd.DataFrame) -> pd.DataFrame:
    found = against(frame)
    columns = {"second": "label", "change": "gain", "wins": "wins", "pairs": "pairs"}
    if found is None or set(found.table["first"]) != {WITHOUT}:
        return pd.DataFrame(columns=[*POINT, *columns.values()])
    gains = found.table[[*POINT, *columns]].rename(columns=columns)
    return gains.assign(gain=0.0 - gains["gain"])


COLUMNS = (
    "label", "estimator", "rank", "finished", "task", "point", "score", "better", "margin", "n_seeds", "n", "n_failed",
    "n_unsupported", "mean", "sd", "best", "gain", "wins", "pairs", "failures", "n_codes",
)  # fmt: skip

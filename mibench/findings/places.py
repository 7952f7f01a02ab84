"""Places of estimators by pairs: each pair over the cells that both have, so that no one's gaps cost others cells.

An estimator's place is 1 + (k − 1) · the mean over its k − 1 rivals of the share of their common cells in which the
rival has the smaller value, ties counting half. Where all have all cells this is the mean rank over cells.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mibench.interface import Array

TIES = 12
"""Decimals to which values are the same."""


def differences(by_seed: pd.DataFrame, row: Sequence[str]) -> Array:
    """(cells, k, k): mean over the seeds that both columns have of the second's value minus that of the first.

    `row` are the levels of the index that name a cell; NaN where two share no seed of it.
    """
    made = [by_seed.sub(by_seed[first], axis=0).groupby(list(row)).mean().to_numpy() for first in by_seed]
    return np.stack(made, axis=1)


def nearer(differences: Array) -> Array:
    """Of (cells, k, k) differences, value of the second minus that of the first: where the second is less, ties half.

    NaN, where a pair does not have the cell, stays NaN.
    """
    rounded = differences.round(TIES)
    return np.where(np.isnan(rounded), np.nan, (rounded < 0) + 0.5 * (rounded == 0))


def places(shares: Array, weights: Array | None = None) -> Array:
    """Mean places from what `nearer` gives; with (resamples, cells) `weights`, one line of places a resample.

    NaN for an estimator that shares no cell with any other.
    """
    count = shares.shape[1]
    each = np.ones((1, len(shares))) if weights is None else weights
    known = ~np.isnan(shares)
    sums = each @ np.nan_to_num(shares).reshape(len(shares), -1)
    times = each @ known.reshape(len(shares), -1).astype(float)
    with np.errstate(invalid="ignore"):
        mean = (sums / times).reshape(-1, count, count)
    mean[:, np.arange(count), np.arange(count)] = np.nan
    rivals = (~np.isnan(mean)).sum(axis=2)
    with np.errstate(invalid="ignore"):
        placed: Array = 1 + (count - 1) * np.nansum(mean, axis=2) / rivals
    first: Array = placed[0]
    return first if weights is None else placed

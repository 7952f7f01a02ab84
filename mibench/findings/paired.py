"""Intervals and tests of means over seeds, and Holm's adjustment where several are made together."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mibench.interface import Array


def t_interval(mean: pd.Series, sd: pd.Series, n: pd.Series, level: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Student's interval of a mean over n independent draws; no interval (NaN) for n < 2."""
    from scipy.special import stdtrit

    half = pd.Series(stdtrit(n - 1, (1 + level) / 2), index=n.index).where(n > 1) * sd / np.sqrt(n)
    return mean - half, mean + half


def holm(p: Iterable[float]) -> Array:
    """Holm's step-down adjustment (1979) of p-values, for family-wise decisions at any level. NaN stays NaN."""
    values = np.asarray(list(p), dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def paired_t(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike) -> Array:
    """Two-sided p of "the mean difference is 0", from the mean, sd (ddof=1) and number of paired differences.

    Differences that are all 0 give 1; equal ones that are not 0 give 0; a single one gives NaN.
    """
    from scipy.special import stdtr

    mean, sd, n = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(mean) / (sd / np.sqrt(n))
        p = 2 * stdtr(n - 1, -t)
    p = np.where((sd == 0) & (mean == 0), 1.0, np.where(sd == 0, 0.0, p))
    return np.where(n > 1, p, np.nan)


def below_margin(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike, margin: npt.ArrayLike) -> Array:
    """One-sided p of "the mean difference is the margin or more": a small one shows that it is below.

    The paired half of two one-sided tests of equivalence (Schuirmann 1987). Differences without noise give 0 or 1.
    """
    from scipy.special import stdtr

    mean, sd, n, margin = (np.asarray(values, dtype=float) for values in (mean, sd, n, margin))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stdtr(n - 1, (mean - margin) / (sd / np.sqrt(n)))
    p = np.where(sd == 0, np.where(mean < margin, 0.0, 1.0), p)
    return np.where(n > 1, p, np.nan)

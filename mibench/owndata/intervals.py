"""How far an estimate would scatter over other samples of the same size, from the one sample there is.

Nearest-neighbour and copula estimates are made again on disjoint sub-samples: Holmes & Nemenman, "Estimation of mutual
information for real-valued data with error bars and controlled bias", Phys. Rev. E 100, 022404 (2019). A bootstrap
would draw rows twice, and such estimators mistake copies for dependence. Critics are cross-fitted, and the jackknife
leaves out one fold at a time.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mibench.owndata.sample import Rows

FEWEST = 150
"""Rows below which there are no three cuts into parts of 50 rows or so to tell a scatter from."""

MOST_PARTS, SMALLEST = 10, 50
"""The sample is cut into 2, 3, … parts: at most so many, of at least so many rows."""

LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """The standard deviation of an estimate, and what it was told from.

    `freedom` is how many degrees of freedom stand behind it, None where the estimator says it of itself. `sizes`
    and `means` are the rows of a part and the mean estimate over parts of that size, the whole sample first; empty
    where nothing was cut. `drift` is by how much the estimate is off at n if its bias falls as 1 / n: the slope of
    the means against the number of parts.
    """

    sd: float
    freedom: int | None
    how: str
    sizes: tuple[int, ...] = ()
    means: tuple[float, ...] = ()
    drift: float | None = None

    @property
    def relative_error(self) -> float | None:
        """The standard error of `sd` as a share of it, for normal estimates, if it is known."""
        return None if self.freedom is None else math.sqrt(1 / (2 * self.freedom))

    def interval(self, value: float) -> tuple[float, float]:
        """Where the estimator's own mean lies, at `LEVEL`."""
        from scipy.special import stdtrit

        wide = float(stdtrit(self.freedom or math.inf, (1 + LEVEL) / 2)) * self.sd
        return value - wide, value + wide


def cuts(n: int) -> range:
    """Into how many parts n rows are cut."""
    return range(2, min(MOST_PARTS, n // SMALLEST) + 1)


def parts(n: int, rng: np.random.Generator, series: bool) -> Iterator[tuple[int, Rows]]:
    """For each number of parts its disjoint parts, rows at random or, of a series, one after another."""
    for k in cuts(n):
        order = np.roll(np.arange(n), rng.integers(n)) if series else rng.permutation(n)
        size = n // k
        for part in range(k):
            yield k, order[part * size : (part + 1) * size]


def from_parts(value: float, n: int, estimates: Mapping[int, Sequence[float]]) -> Spread:
    """Var(n) = Σ (k − 1)/k · s_k² / Σ (k − 1), s_k² the variance of the k estimates of n/k rows each.

    Each s_k² / k tells the variance at n, which falls as 1 / n, with k − 1 degrees of freedom.
    """
    freedom = sum(k - 1 for k in estimates)
    variance = sum((k - 1) / k * float(np.var(found, ddof=1)) for k, found in estimates.items()) / freedom
    count = np.array([1, *estimates])
    means = np.array([value, *(np.mean(found) for found in estimates.values())])
    slope = float(np.polynomial.polynomial.polyfit(count, means, 1, w=1 / np.sqrt(count))[1])
    return Spread(
        math.sqrt(variance),
        freedom,
        f"disjoint sub-samples of {n // max(estimates)} to {n // 2} rows",
        tuple(int(n // k) for k in count),
        tuple(float(mean) for mean in means),
        slope,
    )


def from_folds(values: Sequence[float]) -> Spread:
    """The jackknife over folds: of a mean of values, their standard deviation over √folds."""
    sd = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Spread(sd, len(values) - 1, f"a jackknife over {len(values)} folds")


def own(sd: float) -> Spread:
    """What the estimator says of itself."""
    return Spread(sd, None, "its own standard error")

"""What is seen of a sample in a few milliseconds: numbers that rise with dependence, each with another kind of it."""

from dataclasses import dataclass

import numpy as np

from mibench.calibration.features import Wide, canonical, ridge, root
from mibench.calibration.scores import normal_scores
from mibench.interface import Array
from mibench.neighbors import choose, ksg_many_k

NAMES = ("ksg", "ksg k=10", "normal", "sizes", "y by x", "x by y", "size of y by x", "size of x by y")
MORE = ("first pair", "ksg of it", "ksg of a bent pair")
"""Beyond 1 + 1 columns: of the canonical pair, and of one that is fitted to half of the rows and seen on the other."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """The statistics of pairs of scores; `wide_x` and `wide_y` are the functions that regressions are made of."""

    wide_x: Wide
    wide_y: Wide
    threads: int = 1

    def of(self, x: Array, y: Array) -> Array:
        """All of them, of normal scores `(n, dim)` whose rows are in no order."""
        n, dim_x, dim_y = len(x), x.shape[1], y.shape[1]
        both = np.hstack([x, y])
        correlation = both.T @ both / n
        sign, logdet = np.linalg.slogdet(correlation)
        own = np.linalg.slogdet(correlation[:dim_x, :dim_x])[1] + np.linalg.slogdet(correlation[dim_x:, dim_x:])[1]
        sizes = [_sizes(x), _sizes(y)]
        together = float(np.mean(sizes[0] * sizes[1]) / np.mean(sizes[0] ** 2))
        wide_x, wide_y = self.wide_x.of(x), self.wide_y.of(y)
        of_y, of_size_y = _told(wide_x, y, sizes[1])
        of_x, of_size_x = _told(wide_y, x, sizes[0])
        seen = [
            *self._ksg(x, y, (3, 10)), (own - logdet) / 2 - dim_x * dim_y / (2 * n) if sign > 0 else 5.0,
            np.arctanh(np.clip(together, -0.9999, 0.9999)), of_y, of_x, of_size_y, of_size_x,
        ]  # fmt: skip
        if dim_x + dim_y > 2:
            left, right, found = canonical(x, y)
            first = x @ left[:, :1], y @ right[:, :1]
            bent = _bent(wide_x, wide_y)
            seen += [
                -0.5 * np.log1p(-(min(found[0], 0.99999) ** 2)),
                self._ksg(*first, (5,))[0],
                self._ksg(*bent, (5,))[0],
            ]
        return np.array(seen)

    def _ksg(self, x: Array, y: Array, ks: tuple[int, ...]) -> list[float]:
        path = choose(x.shape[1], y.shape[1], self.threads)
        return [one.value for one in ksg_many_k(x, y, ks, path=path)]


def statistics(dim_x: int, dim_y: int, rng: np.random.Generator, threads: int = 1) -> Statistics:
    """The statistics of samples of so many columns."""
    return Statistics(Wide.drawn(dim_x, rng), Wide.drawn(dim_y, rng), threads)


def _sizes(z: Array) -> Array:
    """The scores of how far out each row is."""
    return normal_scores((z**2).sum(axis=1, keepdims=True), np.random.default_rng(0))[:, 0]


def _told(wide: Array, other: Array, size: Array) -> tuple[float, float]:
    """−½ log(1 − R²) of the other side's coordinates, in all, and of its size, each half told by the other half."""
    targets = np.column_stack([other, size])
    half = len(wide) // 2
    lost = np.zeros(targets.shape[1])
    for fit, judge in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        mean, mean_target = wide[fit].mean(axis=0), targets[fit].mean(axis=0)
        weights = ridge(wide[fit] - mean, targets[fit] - mean_target)
        lost += ((targets[judge] - mean_target - (wide[judge] - mean) @ weights) ** 2).sum(axis=0)
    told = -0.5 * np.log(lost / (targets**2).sum(axis=0))
    return float(told[:-1].sum()), float(told[-1])


def _bent(wide_x: Array, wide_y: Array) -> tuple[Array, Array]:
    """The pair of functions that correlate most on one half, seen on the other."""
    half = len(wide_x) // 2
    found = []
    for wide in (wide_x, wide_y):
        centred = wide - wide[:half].mean(axis=0)
        covariance = centred[:half].T @ centred[:half] / half
        covariance[np.diag_indices_from(covariance)] += 0.05
        found.append((centred, root(covariance)))
    (x, of_x), (y, of_y) = found
    left, _, right = np.linalg.svd(of_x.T @ (x[:half].T @ y[:half] / half) @ of_y)
    return x[half:] @ (of_x @ left[:, :1]), y[half:] @ (of_y @ right[:1].T)

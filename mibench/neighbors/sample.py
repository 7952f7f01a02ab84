"""What data the nearest-neighbour estimators accept, and the scalings they offer."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mibench.interface import Array, paired

Scaling = Literal["none", "standard", "rank"]


def check(x: Array, y: Array, ks: Sequence[int], *, discrete: bool = False) -> None:
    """Refuse, in one line each, what would give a number that means nothing.

    `discrete` allows what only `ksg-mixed` is made for: integer data and constant columns.
    """
    n = len(x)
    for k in ks:
        if not 1 <= k < n:
            raise ValueError(f"k={k} needs 1 <= k < n, and n={n}")
    if discrete:
        return
    for name, z in (("x", x), ("y", y)):
        for column in range(z.shape[1]):
            values = z[:, column]
            if values[0] == values[-1] and (values == values[0]).all():
                raise ValueError(f"column {column} of {name} is constant ({values[0]:g}): drop it")
            if _is_discrete(values):
                raise ValueError(
                    f"column {column} of {name} holds repeated whole numbers, and this estimator needs continuous "
                    "data: use ksg-mixed"
                )


def _is_discrete(values: Array) -> bool:
    """Whole numbers, some of them repeated. Beyond 2^52 every float is whole, so such data says nothing."""
    head = values[:64]
    if (head != np.rint(head)).any() or (values != np.rint(values)).any() or np.abs(values).max() >= 2.0**52:
        return False
    return len(np.unique(values)) < len(values)


def scaled(z: Array, scaling: Scaling) -> Array:
    """Each column as it is, standardised, or replaced by the normal scores of its ranks, Φ⁻¹((rank − ½) / n)."""
    if scaling == "none":
        return z
    if scaling == "standard":
        return np.asarray((z - z.mean(axis=0)) / _deviation(z))
    if scaling == "rank":
        return np.column_stack([_normal_scores(column) for column in z.T])
    raise ValueError(f'scaling={scaling!r} is unknown: it is "none", "standard" or "rank"')


def _deviation(z: Array) -> Array:
    """Each column's standard deviation, in units of a power of two near its range: 1e200 and 1e-200 have no square."""
    unit = np.exp2(np.frexp(z.max(axis=0) / 2 - z.min(axis=0) / 2)[1])
    return np.asarray(unit * (z / unit).std(axis=0))


def _normal_scores(values: Array) -> Array:
    """Equal values share the mean of their ranks."""
    from scipy.special import ndtri

    _, where, repeats = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(repeats)
    return np.asarray(ndtri((last - repeats / 2) / len(values)))[where]


def with_noise(x: Array, y: Array, size: float, seed: int) -> tuple[Array, Array]:
    """Normal noise of `size` standard deviations of each column, which breaks the ties of repeated rows."""
    x, y = paired(x, y)
    if size < 0:
        raise ValueError(f"noise={size} is negative: it is a fraction of each column's standard deviation")
    if size == 0:
        return x, y
    rng = np.random.default_rng(seed)
    noisy_x, noisy_y = (np.asarray(z + size * _deviation(z) * rng.normal(size=z.shape)) for z in (x, y))
    return noisy_x, noisy_y

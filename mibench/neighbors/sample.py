"""What data the nearest-neighbour estimators accept, and the scalings they offer."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mibench.interface import Array, paired
from mibench.neighbors.choice import no_path
from mibench.neighbors.repeats import refuse_copies, refuse_repeats
from mibench.units import deviation, own_units

Scaling = Literal["none", "standard", "rank"]


def refuses(k: int, n: int, device: str = "cpu") -> str | None:
    """Why n rows or a device allow no estimate with k neighbours, if they do not."""
    return _needs(k, n) if k >= n else no_path(device)


def check(x: Array, y: Array, ks: Sequence[int], *, discrete: bool = False, noise_helps: bool = True) -> None:
    """Refuse, in one line each, what would give a number that means nothing.

    `discrete` allows what only `ksg-mixed` is made for: repeated values and constant columns.
    """
    n = len(x)
    for k in ks:
        if not 1 <= k < n:
            raise ValueError(_needs(k, n))
    if discrete:
        return
    for name, z in (("x", x), ("y", y)):
        for column in np.flatnonzero((z == z[0]).all(axis=0)):
            raise ValueError(f"column {column} of {name} is constant ({z[0, column]:g}): drop it")
    refuse_repeats(x, y, noise_helps=noise_helps)


def _needs(k: int, n: int) -> str:
    return f"k={k} needs 1 <= k < n, and n={n}"


def scaled(z: Array, scaling: Scaling) -> Array:
    """Each column as it is, in standard deviations, or as the normal scores of its ranks, Φ⁻¹((rank − ½) / n)."""
    if scaling == "none":
        return z
    if scaling == "standard":
        measured = own_units(z).measure(z)
        return np.asarray(measured / deviation(measured))
    if scaling == "rank":
        return np.column_stack([_normal_scores(column) for column in z.T])
    raise ValueError(f'scaling={scaling!r} is unknown: it is "none", "standard" or "rank"')


def _normal_scores(values: Array) -> Array:
    """Equal values share the mean of their ranks."""
    from scipy.special import ndtri

    _, where, repeats = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(repeats)
    return np.asarray(ndtri((last - repeats / 2) / len(values)))[where]


def with_noise(x: Array, y: Array, size: float, seed: int, *, noise_helps: bool = True) -> tuple[Array, Array]:
    """Normal noise of `size` standard deviations of each column, which breaks the ties of rounded values.

    With noise, values are counted from their median, so that an offset swallows none of it. Copies of rows, which it
    would hide, are refused, and too many ties where noise does not help against them; see `refuse_repeats`.
    """
    x, y = paired(x, y)
    if size < 0:
        raise ValueError(f"noise={size} is negative: it is a fraction of each column's standard deviation")
    if size == 0:
        return x, y
    if noise_helps:
        refuse_copies(x, y)
    else:
        refuse_repeats(x, y, noise_helps=False)
    rng = np.random.default_rng(seed)
    return _noisy(x, size, rng), _noisy(y, size, rng)


def _noisy(z: Array, size: float, rng: np.random.Generator) -> Array:
    units = own_units(z)
    measured = units.measure(z)
    return units.restore(measured + size * deviation(measured) * rng.normal(size=z.shape))

"""Sides as normal scores of their ranks, and where their values repeat."""

import numpy as np
import numpy.typing as npt

from mibench.interface import Array

Rows = npt.NDArray[np.intp]


def normal_scores(z: Array, rng: np.random.Generator) -> Array:
    """Φ⁻¹((rank − ½) / n) of each column of `(n, dim)`; values that are equal are ordered at random."""
    from scipy.special import ndtri

    n = len(z)
    table = ndtri((np.arange(n) + 0.5) / n)
    found = np.empty(z.shape)
    for k, column in enumerate(z.T):
        found[order(column, rng), k] = table
    return found


def order(values: Array, rng: np.random.Generator) -> Rows:
    """The rows in the order of their values, equal ones at random."""
    ascending = np.argsort(values, kind="stable")
    line = values[ascending]
    if not (line[1:] == line[:-1]).any():
        return ascending
    return np.lexsort((rng.random(len(values)), values))


def middle_scores(z: Array) -> Array:
    """The same, but equal values share the score of the middle of their ranks: a function of the values alone."""
    from scipy.special import ndtri

    found = np.empty(z.shape)
    for k, column in enumerate(z.T):
        _, where, repeats = np.unique(column, return_inverse=True, return_counts=True)
        found[:, k] = ndtri((np.cumsum(repeats) - repeats / 2) / len(column))[where]
    return found


def tied(z: Array) -> bool:
    """Whether any value of a column repeats."""
    return any(len(np.unique(column)) < len(column) for column in z.T)


FINE = 240
"""Cells into which the ranks of values that do not repeat are cut, where the other side's repeat."""

SMALLEST = 0.008
"""Share of rows from which on equal values are a cell of their own; fewer are as good as different."""


def atoms(values: Array) -> Array | None:
    """The ranks, as shares of n, that each value that repeats holds: `(m, 2)` from and to. None if there is none."""
    _, repeats = np.unique(values, return_counts=True)
    ends = np.cumsum(repeats) / len(values)
    large = (repeats > 1) & (repeats >= SMALLEST * len(values))
    if not large.any():
        return None
    return np.column_stack([(ends - repeats / len(values))[large], ends[large]])


def cells(of: Array | None) -> tuple[Array, npt.NDArray[np.bool_]]:
    """All ranks cut into cells: their ends from 0 to 1, and for each whether it is one value."""
    edges: list[float] = [0.0]
    whole: list[bool] = []
    for low, high in [] if of is None else of:
        _fill(edges, whole, low)
        edges.append(high)
        whole.append(True)
    _fill(edges, whole, 1.0)
    return np.array(edges), np.array(whole)


def _fill(edges: list[float], whole: list[bool], upto: float) -> None:
    """Fine cells from the last edge to `upto`."""
    wide = upto - edges[-1]
    if wide > 1e-9:
        pieces = max(1, round(wide * FINE))
        edges.extend(np.linspace(edges[-1], upto, pieces + 1)[1:].tolist())
        whole.extend([False] * pieces)

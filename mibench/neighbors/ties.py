"""KSG algorithm 2 where several rows are equally far as the k-th neighbour."""

import numpy as np

from mibench.interface import Array
from mibench.neighbors.paths import Norm


def widen(x: Array, y: Array, radii: Array, following: Array, margin_x: Array, margin_y: Array, norm: Norm) -> None:
    """Let every row that ties with the k-th neighbour count as a neighbour, in place.

    `radii` and `following` are the distances to neighbours k and k + 1; all arrays are `(len(ks), n)`. A search names
    some k of the tied rows, which ones depends on how it walks; with all of them the margins do not. Continuous data
    has no ties, so the loop is empty.
    """
    for j, row in np.argwhere(radii == following):
        apart_x, apart_y = distances(x, row, norm), distances(y, row, norm)
        neighbours = np.maximum(apart_x, apart_y) <= radii[j, row]
        margin_x[j, row] = apart_x[neighbours].max()
        margin_y[j, row] = apart_y[neighbours].max()


def distances(z: Array, row: int, norm: Norm) -> Array:
    """From one row to all; squared where the norm is Euclidean, summed column by column as in every path."""
    apart = np.zeros(len(z))
    for column in z.T:
        step = np.abs(column - column[row])
        apart = np.maximum(apart, step) if norm == "chebyshev" else apart + step * step
    return apart

"""Compiled kernels that every search shares: distances from one row to a run of rows, and a list of the nearest."""

import numpy as np

from mibench.interface import Array
from mibench.neighbors.compiled import kernel
from mibench.neighbors.paths import Counts


@kernel
def insert(best: Array, index: Counts, q: int, k: int, distance: float, row: int) -> float:
    """Put a neighbour in its place among the k nearest of query q, and return the distance to the k-th."""
    j = k - 1
    while j > 0 and best[q, j - 1] > distance:
        best[q, j] = best[q, j - 1]
        index[q, j] = index[q, j - 1]
        j -= 1
    best[q, j] = distance
    index[q, j] = row
    return best[q, k - 1]


@kernel
def measure(
    points: Array, i: int, a: int, b: int, dim_x: int, euclidean: bool, out: Array, other: Array
) -> None:
    """Distances from point i to points a … b − 1 of `points`, `(dim, n)`, into `out`; `other` is room to work in."""
    dim = len(points)
    if euclidean:
        add_squares(points, i, a, b, 0, dim_x, out)
        if dim_x < dim:
            add_squares(points, i, a, b, dim_x, dim, other)
            for t in range(b - a):
                out[t] = larger(out[t], other[t])
        return
    m = b - a
    d = dim % 4
    p0, column0 = points[0, i], points[0, a:b]
    # Four columns a pass: the distances so far go through memory once for four.
    if d == 0:
        d = 4
        p1, column1 = points[1, i], points[1, a:b]
        p2, column2 = points[2, i], points[2, a:b]
        p3, column3 = points[3, i], points[3, a:b]
        for t in range(m):
            out[t] = larger(
                larger(abs(column0[t] - p0), abs(column1[t] - p1)), larger(abs(column2[t] - p2), abs(column3[t] - p3))
            )
    elif d == 1:
        for t in range(m):
            out[t] = abs(column0[t] - p0)
    elif d == 2:
        p1, column1 = points[1, i], points[1, a:b]
        for t in range(m):
            out[t] = larger(abs(column0[t] - p0), abs(column1[t] - p1))
    else:
        p1, column1 = points[1, i], points[1, a:b]
        p2, column2 = points[2, i], points[2, a:b]
        for t in range(m):
            out[t] = larger(larger(abs(column0[t] - p0), abs(column1[t] - p1)), abs(column2[t] - p2))
    while d < dim:
        p0, column0 = points[d, i], points[d, a:b]
        p1, column1 = points[d + 1, i], points[d + 1, a:b]
        p2, column2 = points[d + 2, i], points[d + 2, a:b]
        p3, column3 = points[d + 3, i], points[d + 3, a:b]
        for t in range(m):
            v = larger(abs(column0[t] - p0), abs(column1[t] - p1))
            w = larger(abs(column2[t] - p2), abs(column3[t] - p3))
            out[t] = larger(out[t], larger(v, w))
        d += 4


@kernel
def larger(a: float, b: float) -> float:
    """The larger of two numbers, as one vector instruction (`max` also looks for NaN)."""
    return a if a > b else b


@kernel
def add_squares(points: Array, i: int, a: int, b: int, first: int, last: int, out: Array) -> None:
    """Squared distances in columns first … last − 1, summed column by column."""
    m = b - a
    for t in range(m):
        out[t] = 0.0
    for d in range(first, last):
        p, column = points[d, i], points[d, a:b]
        for t in range(m):
            step = column[t] - p
            out[t] += step * step

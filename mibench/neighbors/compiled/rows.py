"""Kernels that every search shares: distances from one row to a run of rows, and a list of the nearest."""

from typing import Any

import numpy as np

from mibench.compiled import inlined, kernel
from mibench.interface import Array
from mibench.neighbors.paths import Counts


@inlined
def insert(best: Array, index: Counts, q: int, k: int, distance: float, row: int) -> Any:
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
def measure(points: Array, i: int, a: int, b: int, dim_x: int, euclidean: bool, out: Array, other: Array) -> None:
    """Distances from point i to points a … b − 1 of `points`, `(dim, n)`, into `out`; `other` is room to work in."""
    dim = len(points)
    if euclidean:
        add_squares(points, i, a, b, 0, dim_x, out)
        if dim_x < dim:
            add_squares(points, i, a, b, dim_x, dim, other)
            for t in range(b - a):
                out[t] = larger(out[t], other[t])
        return
    m, start = b - a, np.uint64(a)  # unsigned: a signed index is first compared with zero, each time
    # Four columns a pass, so that `out` goes through memory once for four; the first one repeats some to leave fours.
    d = (dim - 1) % 4 + 1
    c1, c2, c3 = min(1, d - 1), min(2, d - 1), d - 1
    p0, p1, p2, p3 = points[0, i], points[c1, i], points[c2, i], points[c3, i]
    for t in range(m):
        v = larger(abs(points[0, start + np.uint64(t)] - p0), abs(points[c1, start + np.uint64(t)] - p1))
        w = larger(abs(points[c2, start + np.uint64(t)] - p2), abs(points[c3, start + np.uint64(t)] - p3))
        out[t] = larger(v, w)
    while d < dim:
        p0, p1, p2, p3 = points[d, i], points[d + 1, i], points[d + 2, i], points[d + 3, i]
        for t in range(m):
            v = larger(abs(points[d, start + np.uint64(t)] - p0), abs(points[d + 1, start + np.uint64(t)] - p1))
            w = larger(abs(points[d + 2, start + np.uint64(t)] - p2), abs(points[d + 3, start + np.uint64(t)] - p3))
            out[t] = larger(out[t], larger(v, w))
        d += 4


@kernel
def larger(a: Any, b: Any) -> Any:
    """The larger of two numbers, as one vector instruction (`max` also looks for NaN)."""
    return a if a > b else b


@kernel
def add_squares(points: Array, i: int, a: int, b: int, first: int, last: int, out: Array) -> None:
    """Squared distances in columns first … last − 1, summed column by column."""
    m, start = b - a, np.uint64(a)
    for t in range(m):
        out[t] = 0.0
    for d in range(first, last):
        p = points[d, i]
        for t in range(m):
            step = points[d, start + np.uint64(t)] - p
            out[t] += step * step


@kernel
def farthest(points: Array, first: int, last: int, euclidean: bool, nearest: Counts, ks: Counts, out: Array) -> None:
    """The largest distance in columns first … last − 1 among the first k neighbours, for each k: `(len(ks), n)`."""
    for i in range(points.shape[1]):
        most = 0.0
        j = 0
        for rank in range(nearest.shape[1]):
            other = nearest[i, rank]
            distance = 0.0
            for d in range(first, last):
                step = abs(points[d, i] - points[d, other])
                distance = distance + step * step if euclidean else larger(distance, step)
            most = larger(most, distance)
            if j < len(ks) and ks[j] == rank + 1:
                out[j, i] = most
                j += 1

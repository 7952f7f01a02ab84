"""Kernels for the least and greatest distances of boxes from each other, and of points from a box."""

from typing import Any

from mibench.compiled import kernel
from mibench.interface import Array
from mibench.neighbors.compiled.rows import larger


@kernel
def box_gap(low: Array, high: Array, a: int, b: int, dim_x: int, euclidean: bool) -> Any:
    """The least distance between points of two boxes."""
    in_x = in_y = 0.0
    for d in range(low.shape[1]):
        gap = larger(larger(low[b, d] - high[a, d], low[a, d] - high[b, d]), 0.0)
        if euclidean:
            gap *= gap
            if d < dim_x:
                in_x += gap
            else:
                in_y += gap
        else:
            in_x = larger(in_x, gap)
    return larger(in_x, in_y)


@kernel
def box_reach(low: Array, high: Array, a: int, b: int, euclidean: bool) -> float:
    """The greatest distance between points of two boxes of one block."""
    reach = 0.0
    for d in range(low.shape[1]):
        side = larger(high[b, d] - low[a, d], high[a, d] - low[b, d])
        reach = reach + side * side if euclidean else larger(reach, side)
    return reach


@kernel
def gaps(
    points: Array,
    a: int,
    b: int,
    low: Array,
    high: Array,
    at: int,
    dim_x: int,
    euclidean: bool,
    out: Array,
    other: Array,
) -> None:
    """The least distance between each of the points a … b − 1 and one box."""
    m = b - a
    for t in range(m):
        out[t] = other[t] = 0.0
    for d in range(len(points)):
        column, lo, hi = points[d, a:b], low[at, d], high[at, d]
        if not euclidean:
            for t in range(m):
                out[t] = larger(out[t], larger(lo - column[t], column[t] - hi))
        else:
            for t in range(m):
                gap = larger(larger(lo - column[t], column[t] - hi), 0.0)
                if d < dim_x:
                    out[t] += gap * gap
                else:
                    other[t] += gap * gap
    if euclidean:
        for t in range(m):
            out[t] = larger(out[t], other[t])


@kernel
def reaches(points: Array, a: int, b: int, low: Array, high: Array, at: int, euclidean: bool, out: Array) -> None:
    """The greatest distance between each of the points a … b − 1 of one block and one box."""
    m = b - a
    for t in range(m):
        out[t] = 0.0
    for d in range(len(points)):
        column, lo, hi = points[d, a:b], low[at, d], high[at, d]
        for t in range(m):
            side = larger(hi - column[t], column[t] - lo)
            out[t] = out[t] + side * side if euclidean else larger(out[t], side)

"""Compiled kernels for Chebyshev distances on a 16-bit grid: four times as many a vector instruction as in float64.

Around a box and the reach of a search, coordinates are rounded to multiples of a step that lets both fit 16 bits;
what lies beyond is moved to the edge, which is beyond reach of the box too. A distance in steps is then off by no more
than one, so that all but a few points are known to be inside or outside a radius; those few are measured exactly.
"""

import numpy as np

from mibench.interface import Array
from mibench.neighbors.compiled import kernel
from mibench.neighbors.rows import larger

Steps = np.ndarray[tuple[int, int], np.dtype[np.int16]]


@kernel
def steps_per_unit(low: Array, high: Array, reach: float) -> float:
    """The box from `low` to `high` and `reach` around it span ±16000 steps; 0 where that is not a float."""
    half = 0.0
    for d in range(len(low)):
        half = max(half, (high[d] - low[d]) / 2)
    scale = 16000.0 / (half + reach)
    return scale if np.isfinite(scale) else 0.0


@kernel
def place(points: Array, a: int, b: int, low: Array, high: Array, scale: float, out: Steps) -> None:
    """Points a … b − 1 on the grid centred on the box."""
    for d in range(len(points)):
        centre = low[d] + (high[d] - low[d]) / 2
        column, row = points[d], out[d]
        for t in range(b - a):
            v = (column[a + t] - centre) * scale
            v = v if v < 16383.0 else 16383.0
            v = v if v > -16383.0 else -16383.0
            row[t] = np.int16(np.rint(v))


@kernel
def apart(a: int, b: int) -> int:
    v = np.int16(a - b)
    return v if v >= np.int16(0) else np.int16(-v)


@kernel
def measure_steps(mine: Steps, i: int, others: Steps, m: int, out: Steps) -> None:
    """Distances in steps from point i of `mine` to the first m of `others`, both `(dim, leaf)`."""
    dim = len(mine)
    d = dim % 4
    p0, column0 = mine[0, i], others[0]
    if d == 0:
        d = 4
        p1, column1 = mine[1, i], others[1]
        p2, column2 = mine[2, i], others[2]
        p3, column3 = mine[3, i], others[3]
        for t in range(m):
            v = larger(apart(column0[t], p0), apart(column1[t], p1))
            w = larger(apart(column2[t], p2), apart(column3[t], p3))
            out[t] = larger(v, w)
    elif d == 1:
        for t in range(m):
            out[t] = apart(column0[t], p0)
    elif d == 2:
        p1, column1 = mine[1, i], others[1]
        for t in range(m):
            out[t] = larger(apart(column0[t], p0), apart(column1[t], p1))
    else:
        p1, column1 = mine[1, i], others[1]
        p2, column2 = mine[2, i], others[2]
        for t in range(m):
            out[t] = larger(larger(apart(column0[t], p0), apart(column1[t], p1)), apart(column2[t], p2))
    while d < dim:
        p0, column0 = mine[d, i], others[d]
        p1, column1 = mine[d + 1, i], others[d + 1]
        p2, column2 = mine[d + 2, i], others[d + 2]
        p3, column3 = mine[d + 3, i], others[d + 3]
        for t in range(m):
            v = larger(apart(column0[t], p0), apart(column1[t], p1))
            w = larger(apart(column2[t], p2), apart(column3[t], p3))
            out[t] = larger(out[t], larger(v, w))
        d += 4


@kernel
def limit_steps(r: float, scale: float, margin: int) -> int:
    """A radius in whole steps, `margin` up or down; nothing is farther than 32766 steps."""
    steps = min(r * scale, 32700.0)
    return np.int16(np.int64(steps) + margin)


@kernel
def count_up_to(distances: Steps, m: int, limit: int) -> int:
    """How many of the first m are at most `limit`. All in 16 bits, or it is four times as slow: m < 32768."""
    found = np.int16(0)
    for t in range(m):
        found = np.int16(found + np.int16(distances[t] <= limit))
    return np.int64(found)


@kernel
def exactly(points: Array, i: int, j: int) -> float:
    """The Chebyshev distance of two points."""
    distance = 0.0
    for d in range(len(points)):
        distance = larger(abs(points[d, i] - points[d, j]), distance)
    return distance

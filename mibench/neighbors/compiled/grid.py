"""Kernels for Chebyshev distances on a 16-bit grid: four times as many a vector instruction as in float64.

Around a box and the reach of a search, coordinates are rounded to multiples of a step that lets both fit 16 bits;
what lies beyond is moved to the edge, which is beyond reach of the box too. A distance in steps is then off by no more
than one, so that all but a few points are known to be inside or outside a radius; those few are measured exactly.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.compiled import inlined, kernel
from mibench.interface import Array
from mibench.neighbors.compiled.rows import larger
from mibench.neighbors.paths import Counts

RUN = 64
"""Points are dealt with so many at a time."""

Steps = npt.NDArray[np.int16]


@kernel
def middle(low: Array, high: Array, box: int, d: int) -> float:
    """The float next to the middle of a box: where it is a few ulps wide, far from the middle in steps."""
    return float(low[box, d] + (high[box, d] - low[box, d]) / 2)


@kernel
def steps_per_unit(low: Array, high: Array, box: int, reach: float) -> float:
    """The box from `low` to `high` and `reach` around it span ±8000 steps; 0 where that is not a float."""
    half = 0.0
    for d in range(low.shape[1]):
        centre = middle(low, high, box, d)
        half = max(half, centre - low[box, d], high[box, d] - centre)
    scale = 8000.0 / (half + reach)
    return scale if np.isfinite(scale) else 0.0


@kernel
def place(points: Array, a: int, b: int, low: Array, high: Array, box: int, scale: float, out: Steps) -> int:
    """Points a … b − 1 on the grid centred on the box; `out` is filled up to a multiple of `RUN` with far points.

    Returns that multiple: loops of whole runs have no scalar tail.
    """
    m = b - a
    full = (m + RUN - 1) // RUN * RUN
    for d in range(len(points)):
        column, centre = points[d, a:b], middle(low, high, box, d)
        for t in range(m):
            v = (column[t] - centre) * scale
            v = v if v < 8191.0 else 8191.0
            v = v if v > -8191.0 else -8191.0
            out[d, t] = np.int16(np.rint(v))
        for t in range(m, full):
            out[d, t] = np.int16(24500)  # 16309 steps and more from all others, and still a 16-bit difference
    return full


@kernel
def apart(a: np.int16, b: np.int16) -> np.int16:
    """|a − b| of two places on the grid, which no overflow reaches."""
    v = np.int16(a - b)
    return v if v >= np.int16(0) else np.int16(-v)


@inlined
def measure_steps(mine: Steps, i: int, others: Steps, m: int, out: Steps) -> None:
    """Distances in steps from point i of `mine` to the first m of `others`, m whole runs; both `(dim, leaf)`.

    Two columns a pass; where their number is odd, the first one twice.
    """
    dim = len(mine)
    d = 2 - dim % 2
    p, q = mine[0, i], mine[d - 1, i]
    for t in range(m):
        out[t] = larger(apart(others[0, t], p), apart(others[d - 1, t], q))
    while d < dim:
        p, q = mine[d, i], mine[d + 1, i]
        for t in range(m):
            out[t] = larger(out[t], larger(apart(others[d, t], p), apart(others[d + 1, t], q)))
        d += 2


@kernel
def limit_steps(r: float, scale: float, margin: float) -> np.int16:
    """A radius in whole steps, with a margin for rounding; beyond 8000 it matters no more."""
    return np.int16(np.floor(min(r * scale, 16300.0) + margin))


@inlined
def count_up_to(distances: Steps, start: int, stop: int, limit: np.int16) -> Any:
    """How many of distances[start:stop] are at most `limit`. In 16 bits, or it is four times as slow."""
    found = np.int16(0)
    for t in range(start, stop):
        found = np.int16(found + np.int16(distances[t] <= limit))
    return np.int64(found)


@inlined
def pick(distances: Steps, start: int, stop: int, above: np.int16, limit: np.int16, picked: Counts) -> Any:
    """Where distances[start:stop] are above one limit and at most another; returns how many. Without a branch."""
    found = 0
    for t in range(start, stop):
        picked[found] = t
        found += (above < distances[t]) & (distances[t] <= limit)
    return found


@inlined
def exactly(points: Array, i: int, j: int) -> float:
    """The Chebyshev distance of two points."""
    distance = 0.0
    for d in range(len(points)):
        distance = larger(abs(points[d, i] - points[d, j]), distance)
    return distance

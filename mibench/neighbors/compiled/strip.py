"""Kernels for one column a side: vertical strips for the neighbours, sorted lines for the counts.

The rows are cut into strips of equally many rows by x, each strip sorted by y. A search scans its own strip up and
down from its place in y, then the strips to the right and left while they can hold something closer.
"""

import numpy as np

from mibench.compiled import kernel
from mibench.interface import Array
from mibench.neighbors.compiled.rows import insert, larger
from mibench.neighbors.paths import Counts


def rows_per_strip(n: int, k: int, width_x: float, width_y: float) -> int:
    """Strips about as wide as the box that holds k neighbours is, for even density.

    The box has side √(k·width_x·width_y / n); widths are interquartile ranges.
    """
    ratio = width_y / width_x if width_x > 0 and width_y > 0 else 1.0
    return int(min(max(np.sqrt(0.8 * n * k * ratio), 4 * k, 16), n))


@kernel
def deal(order_y: Counts, rank_x: Counts, size: int, strips: int) -> Counts:
    """Rows strip by strip, by y within a strip: one pass over the rows by y."""
    n = len(order_y)
    place = np.empty(strips, dtype=np.int64)
    for s in range(strips):
        place[s] = s * size
    dealt = np.empty(n, dtype=np.int64)
    for i in range(n):
        row = order_y[i]
        strip = rank_x[row] // size
        dealt[place[strip]] = row
        place[strip] += 1
    return dealt


@kernel
def edges(x: Array, size: int, left: Array, right: Array) -> None:
    """The lowest and highest x of each strip."""
    for s in range(len(left)):
        left[s], right[s] = np.inf, -np.inf
        for i in range(s * size, min((s + 1) * size, len(x))):
            left[s] = min(left[s], x[i])
            right[s] = max(right[s], x[i])


@kernel
def search(
    x: Array,
    y: Array,
    size: int,
    left: Array,
    right: Array,
    first: int,
    last: int,
    k: int,
    wanted: Counts,
    found: Array,
    nearest: Counts,
) -> None:
    """Distances to the neighbours `wanted` (ranks, ascending) of the rows of strips first … last − 1.

    `found` is `(n, len(wanted))`. `nearest`, `(n, k)` or empty, gets the neighbours themselves, nearest first.
    """
    n = len(x)
    strips = len(left)
    cursor, visited = np.empty(strips, dtype=np.int64), np.empty(strips, dtype=np.int64)
    for s in range(strips):
        visited[s] = -1
    best, index = np.empty((1, k)), np.empty((1, k), dtype=np.int64)
    for s in range(first, last):
        start, stop = s * size, min((s + 1) * size, n)
        for i in range(start, stop):
            xi, yi = x[i], y[i]
            for j in range(k):
                best[0, j] = np.inf
            worst = np.inf
            up, down = i + 1, i - 1
            while True:
                gap_up = y[up] - yi if up < stop else np.inf
                gap_down = yi - y[down] if down >= start else np.inf
                if gap_up < gap_down:
                    if gap_up >= worst:
                        break
                    d = larger(abs(x[up] - xi), gap_up)
                    if d < worst:
                        worst = insert(best, index, 0, k, d, up)
                    up += 1
                else:
                    if gap_down >= worst:
                        break
                    d = larger(abs(x[down] - xi), gap_down)
                    if d < worst:
                        worst = insert(best, index, 0, k, d, down)
                    down -= 1
            for side in (1, -1):
                t = s + side
                while 0 <= t < strips:
                    gap = left[t] - xi if side == 1 else xi - right[t]
                    if gap >= worst:
                        break
                    low, high = t * size, min((t + 1) * size, n)
                    if visited[t] != s:
                        visited[t] = s
                        a, b = low, high
                        while a < b:
                            middle = (a + b) // 2
                            if y[middle] < yi:
                                a = middle + 1
                            else:
                                b = middle
                        cursor[t] = a
                    c = cursor[t]
                    while c < high and y[c] < yi:
                        c += 1
                    cursor[t] = c
                    j = c
                    while j < high:
                        dy = y[j] - yi
                        if dy >= worst:
                            break
                        d = larger(abs(x[j] - xi), dy)
                        if d < worst:
                            worst = insert(best, index, 0, k, d, j)
                        j += 1
                    j = c - 1
                    while j >= low:
                        dy = yi - y[j]
                        if dy >= worst:
                            break
                        d = larger(abs(x[j] - xi), dy)
                        if d < worst:
                            worst = insert(best, index, 0, k, d, j)
                        j -= 1
                    t += side
            for j in range(len(wanted)):
                found[i, j] = best[0, wanted[j] - 1]
            if len(nearest):
                for j in range(k):
                    nearest[i, j] = index[0, j]


@kernel
def sign(value: float) -> np.uint64:
    """All bits set where value < 0, else none. A comparison would be compiled to a branch, here a coin flip."""
    return np.uint64(np.float64(value).view(np.int64) >> np.int64(63))


@kernel
def count_on_line(line: Array, r: Array, counts: Counts, start: int, stop: int) -> None:
    """How many other points of the ascending line are closer than r, for the points start … stop − 1.

    Blocks of neighbouring points share a window that holds all their answers, and bisect it in step without a
    branch, so that the processor works on many searches at once. The bisection is on |a − b| < r itself, which is
    monotone in floating point too; a search for line ± r is not exact.
    """
    n = len(line)
    block = 64
    one = np.uint64(1)
    base = np.empty(block, dtype=np.uint64)
    probed = np.empty(block)
    for a in range(start, stop, block):
        b = min(a + block, stop)
        m = b - a
        widest = 0.0
        for i in range(a, b):
            widest = max(widest, r[i])
        low, step = a, 16
        while low > 0 and line[a] - line[low] < widest:
            low = max(low - step, 0)
            step *= 2
        high, step = b - 1, 16
        while high < n - 1 and line[high] - line[b - 1] < widest:
            high = min(high + step, n - 1)
            step *= 2
        for q in range(m):
            base[q] = np.uint64(low)
        length = np.uint64(b - low)
        while length > 0:
            half = (length + one) >> one
            for q in range(m):
                probed[q] = line[base[q] + half - one]
            for q in range(m):
                base[q] += half & ~sign((line[a + q] - probed[q]) - r[a + q])
            length -= half
        for q in range(m):
            counts[a + q] = a + q - np.int64(base[q])
        for q in range(m):
            base[q] = np.uint64(a)
        length = np.uint64(high + 1 - a)
        while length > 0:
            half = (length + one) >> one
            for q in range(m):
                probed[q] = line[base[q] + half - one]
            for q in range(m):
                base[q] += half & sign((probed[q] - line[a + q]) - r[a + q])
            length -= half
        for q in range(m):
            counts[a + q] += np.int64(base[q]) - (a + q) - 1

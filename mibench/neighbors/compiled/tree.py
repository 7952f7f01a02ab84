"""Kernels for a few columns: a k-d tree of large leaves, searched a leaf of rows at a time.

Leaves hold 128 rows or so, column by column, so that the distances from one row to a leaf are one run of vector
instructions; a tree of small leaves spends its time walking. Rows of a leaf walk the tree together, in both searches.
"""

from dataclasses import dataclass

import numpy as np

from mibench.compiled import kernel
from mibench.interface import Array
from mibench.neighbors.compiled.boxes import box_gap, box_reach, gaps, reaches
from mibench.neighbors.compiled.grid import (
    RUN,
    count_up_to,
    exactly,
    limit_steps,
    measure_steps,
    pick,
    place,
    steps_per_unit,
)
from mibench.neighbors.compiled.rows import insert, measure
from mibench.neighbors.paths import Counts


@dataclass(frozen=True)
class Tree:
    """A balanced tree: node i has children 2i + 1 and 2i + 2, and the last 2^depth nodes are the leaves.

    `order` gives the rows in the tree's order; `points` holds them in it, `(dim, n)`. Node i holds the points
    `bounds[i, 0]` to `bounds[i, 1]`, inside the box from `low[i]` to `high[i]`.
    """

    order: Counts
    points: Array
    bounds: Counts
    low: Array
    high: Array

    @property
    def leaves(self) -> int:
        """How many leaves the tree has, half of its nodes."""
        return (len(self.bounds) + 1) // 2


def build(z: Array, leaf: int) -> Tree:
    """Halve the rows along the widest side of their box until no more than `leaf` are left."""
    n, dim = z.shape
    depth = max(0, int(np.ceil(np.log2(n / leaf))))
    nodes = 2 ** (depth + 1) - 1
    order, bounds = np.arange(n), np.empty((nodes, 2), dtype=np.int64)
    points, low, high = np.empty((dim, n)), np.empty((nodes, dim)), np.empty((nodes, dim))
    halve(z, order, points, bounds, low, high)
    return Tree(order, points, bounds, low, high)


@kernel
def halve(z: Array, order: Counts, points: Array, bounds: Counts, low: Array, high: Array) -> None:
    """Fill in the arrays of a tree, depth first: the rows of a small subtree stay in the cache until it is done."""
    n, dim = z.shape
    nodes = len(bounds)
    keys = np.empty(n)
    bounds[0, 0], bounds[0, 1] = 0, n
    stack = np.empty(64, dtype=np.int64)
    stack[0] = 0
    top = 1
    while top > 0:
        top -= 1
        node = stack[top]
        start, stop = bounds[node, 0], bounds[node, 1]
        for d in range(dim):
            low[node, d], high[node, d] = np.inf, -np.inf
        for i in range(start, stop):
            row = order[i]
            for d in range(dim):
                low[node, d] = min(low[node, d], z[row, d])
                high[node, d] = max(high[node, d], z[row, d])
        if 2 * node + 2 < nodes:
            widest = 0
            for d in range(1, dim):
                if high[node, d] - low[node, d] > high[node, widest] - low[node, widest]:
                    widest = d
            for i in range(start, stop):
                keys[i] = z[order[i], widest]
            middle = (start + stop) // 2
            if stop - start >= 2 * RUN:
                middle = start + (stop - start + RUN) // (2 * RUN) * RUN
            split(keys, order, start, stop - 1, middle)
            bounds[2 * node + 1, 0], bounds[2 * node + 1, 1] = start, middle
            bounds[2 * node + 2, 0], bounds[2 * node + 2, 1] = middle, stop
            stack[top], stack[top + 1] = 2 * node + 2, 2 * node + 1
            top += 2
    for i in range(n):
        for d in range(dim):
            points[d, i] = z[order[i], d]


@kernel
def split(keys: Array, order: Counts, left: int, right: int, middle: int) -> None:
    """Reorder so that no key before `middle` exceeds one after it (Hoare's selection, median of three)."""
    while left < right:
        a, b, c = keys[left], keys[(left + right) // 2], keys[right]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = left, right
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            right = j
        elif middle >= i:
            left = i
        else:
            return


@kernel
def widest_leaf(bounds: Counts) -> int:
    """The most rows in one leaf."""
    most = 0
    for node in range(len(bounds) // 2, len(bounds)):
        most = max(most, bounds[node, 1] - bounds[node, 0])
    return most


@kernel
def search(
    points: Array,
    dim_x: int,
    euclidean: bool,
    bounds: Counts,
    low: Array,
    high: Array,
    first: int,
    last: int,
    k: int,
    wanted: Counts,
    found: Array,
    nearest: Counts,
) -> None:
    """Distances to the neighbours `wanted` (ranks, ascending) of the points of leaves first … last − 1.

    `found` is `(n, len(wanted))`. `nearest`, `(n, k)` or empty, gets the neighbours themselves, nearest first.
    """
    inner = len(bounds) // 2
    leaf, dim = widest_leaf(bounds), len(points)
    best, index = np.empty((leaf, k)), np.empty((leaf, k), dtype=np.int64)
    limits, gap, other, distances = np.empty(leaf), np.empty(leaf), np.empty(leaf), np.empty(leaf)
    full = (leaf + RUN - 1) // RUN * RUN
    mine, theirs = np.empty((dim, full), dtype=np.int16), np.empty((dim, full), dtype=np.int16)
    steps, picked = np.empty(full, dtype=np.int16), np.empty(full + 1, dtype=np.int64)
    stack, stack_gap = np.empty(128, dtype=np.int64), np.empty(128)
    for own in range(inner + first, inner + last):
        start, stop = bounds[own, 0], bounds[own, 1]
        m = stop - start
        for q in range(m):
            limits[q] = np.inf
            for j in range(k):
                best[q, j] = np.inf
        worst = np.inf
        scale = -1.0  # not chosen yet
        node = own
        stack[0], stack_gap[0] = own, 0.0
        top = 1
        while True:
            while top > 0:
                top -= 1
                at = stack[top]
                if stack_gap[top] >= worst:
                    continue
                if at < inner:
                    near, far = 2 * at + 1, 2 * at + 2
                    gap_near = box_gap(low, high, own, near, dim_x, euclidean)
                    gap_far = box_gap(low, high, own, far, dim_x, euclidean)
                    if gap_near > gap_far:
                        near, far, gap_near, gap_far = far, near, gap_far, gap_near
                    stack[top], stack_gap[top] = far, gap_far
                    stack[top + 1], stack_gap[top + 1] = near, gap_near
                    top += 2
                    continue
                a, b = bounds[at, 0], bounds[at, 1]
                size = b - a
                gaps(points, start, stop, low, high, at, dim_x, euclidean, gap, other)
                if scale > 0.0:
                    full = place(points, a, b, low, high, own, scale, theirs)
                for q in range(m):
                    limit = limits[q]
                    if gap[q] >= limit:
                        continue
                    i = start + q
                    if scale > 0.0:
                        measure_steps(mine, q, theirs, full, steps)
                        cut = limit_steps(limit, scale, 1.001)
                        for j in range(0, full, RUN):
                            if count_up_to(steps, j, j + RUN, cut) == 0:
                                continue
                            for t in range(pick(steps, j, j + RUN, np.int16(-1), cut, picked)):
                                distance = exactly(points, i, a + picked[t])
                                if distance < limit:
                                    limit = insert(best, index, q, k, distance, a + picked[t])
                                    cut = limit_steps(limit, scale, 1.001)
                    else:
                        measure(points, i, a, b, dim_x, euclidean, distances, other)
                        for j in range(0, size, 16):
                            end = min(j + 16, size)
                            hits = 0
                            for t in range(j, end):
                                hits += distances[t] < limit
                            if hits > 0:
                                for t in range(j, end):
                                    if distances[t] < limit and a + t != i:
                                        limit = insert(best, index, q, k, distances[t], a + t)
                    limits[q] = limit
                worst = 0.0
                for q in range(m):
                    worst = max(worst, limits[q])
                if scale < 0.0 and np.isfinite(worst):
                    scale = 0.0 if euclidean else steps_per_unit(low, high, own, worst)
                    if scale > 0.0:
                        place(points, start, stop, low, high, own, scale, mine)
            if node == 0:
                break
            sibling = node + 1 if node % 2 == 1 else node - 1
            stack[0], stack_gap[0] = sibling, box_gap(low, high, own, sibling, dim_x, euclidean)
            top = 1
            node = (node - 1) // 2
        for q in range(m):
            for j in range(len(wanted)):
                found[start + q, j] = best[q, wanted[j] - 1]
            if len(nearest):
                for j in range(k):
                    nearest[start + q, j] = index[q, j]


@kernel
def count(
    points: Array,
    euclidean: bool,
    bounds: Counts,
    low: Array,
    high: Array,
    first: int,
    last: int,
    r: Array,
    counts: Counts,
) -> None:
    """How many points are closer than each radius in `r` `(n, radii)`, ascending, for leaves first … last − 1.

    The point itself is counted. Whole nodes inside every radius of a leaf's points are added, and whole nodes outside
    left out, without a look at their points.
    """
    dim, radii = len(points), r.shape[1]
    inner = len(bounds) // 2
    leaf = widest_leaf(bounds)
    gap, reach, other, distances = np.empty(leaf), np.empty(leaf), np.empty(leaf), np.empty(leaf)
    full = (leaf + RUN - 1) // RUN * RUN
    mine, theirs = np.empty((dim, full), dtype=np.int16), np.empty((dim, full), dtype=np.int16)
    steps, picked = np.empty(full, dtype=np.int16), np.empty(full + 1, dtype=np.int64)
    stack = np.empty(128, dtype=np.int64)
    for own in range(inner + first, inner + last):
        start, stop = bounds[own, 0], bounds[own, 1]
        m = stop - start
        smallest, largest = np.inf, 0.0
        for i in range(start, stop):
            smallest = min(smallest, r[i, 0])
            largest = max(largest, r[i, radii - 1])
            for j in range(radii):
                counts[i, j] = 0
        scale = 0.0 if euclidean else steps_per_unit(low, high, own, largest)
        if scale > 0.0:
            place(points, start, stop, low, high, own, scale, mine)
        whole = 0
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            at = stack[top]
            if box_gap(low, high, own, at, dim, euclidean) >= largest:
                continue
            a, b = bounds[at, 0], bounds[at, 1]
            size = b - a
            if box_reach(low, high, own, at, euclidean) < smallest:
                whole += size
                continue
            if at < inner:
                stack[top], stack[top + 1] = 2 * at + 1, 2 * at + 2
                top += 2
                continue
            gaps(points, start, stop, low, high, at, dim, euclidean, gap, other)
            reaches(points, start, stop, low, high, at, euclidean, reach)
            if scale > 0.0:
                full = place(points, a, b, low, high, own, scale, theirs)
            for q in range(m):
                i = start + q
                if gap[q] >= r[i, radii - 1]:
                    continue
                if reach[q] < r[i, 0]:
                    for j in range(radii):
                        counts[i, j] += size
                    continue
                if scale > 0.0:
                    measure_steps(mine, q, theirs, full, steps)
                    for j in range(radii):
                        radius = r[i, j]
                        surely, maybe = limit_steps(radius, scale, -1.001), limit_steps(radius, scale, 1.001)
                        inside = count_up_to(steps, 0, full, surely)
                        if count_up_to(steps, 0, full, maybe) > inside:
                            for t in range(pick(steps, 0, size, surely, maybe, picked)):
                                inside += exactly(points, i, a + picked[t]) < radius
                        counts[i, j] += inside
                else:
                    measure(points, i, a, b, dim, euclidean, distances, other)
                    for j in range(radii):
                        radius = r[i, j]
                        inside = 0
                        for t in range(size):
                            inside += distances[t] < radius
                        counts[i, j] += inside
        for i in range(start, stop):
            for j in range(radii):
                counts[i, j] += whole

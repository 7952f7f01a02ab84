"""The base path: scipy and numpy, always there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mibench.interface import Array
from mibench.neighbors.paths import Counts, Norm
from mibench.neighbors.ties import widen

_BLOCK = 2**21
"""Distances held at once by the brute-force part: 16 MiB an array."""

_BRUTE_COLUMNS = 20
_BRUTE_COLUMNS_SMALL = 8
"""Columns of (x, y) from which all pairs are cheaper than a tree, and from which up to n = 2·10⁴ (measured)."""


@dataclass(frozen=True)
class ScipyPath:
    """A cKDTree for radii, sorted columns or the tree for counts, all pairs in high dimension."""

    threads: int = 1
    name: str = "scipy"

    def kth(self, blocks: Sequence[Array], ks: Sequence[int], norm: Norm) -> Array:
        if self._brute(blocks, norm):
            n = len(blocks[0])
            radii = np.empty((len(ks), n))
            for rows in _row_blocks(n):
                radii[:, rows] = _smallest(_joint(blocks, rows, norm), ks)
            return radii
        order, distances, _ = self._query(np.hstack(blocks), [k + 1 for k in ks])
        radii = np.empty((len(ks), len(order)))
        radii[:, order] = distances.T
        return radii

    def within(self, z: Array, radii: Array, norm: Norm) -> Counts:
        if z.shape[1] == 1 and norm == "chebyshev":
            return _within_column(z[:, 0], radii)
        if self._brute((z,), norm):
            counts = np.empty(radii.shape, dtype=np.int64)
            for rows in _row_blocks(len(z)):
                counts[:, rows] = _count(_distance(z, rows, norm), radii[:, rows])
            return counts - 1
        from scipy.spatial import cKDTree

        tree = cKDTree(z)
        # "no farther than the float below r" is "closer than r"
        counted = [
            tree.query_ball_point(z, np.nextafter(radius, 0), p=np.inf, workers=self.threads, return_length=True)
            for radius in radii
        ]
        return np.asarray(counted, dtype=np.int64) - 1

    def counts(self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int) -> tuple[Array, Counts, Counts]:
        if self._brute((x, y), norm):
            return self._counts_all_pairs(x, y, ks, norm, algorithm)
        if algorithm == 1:
            radii = self.kth((x, y), ks, norm)
            return radii, self.within(x, radii, norm), self.within(y, radii, norm)
        n, most = len(x), ks[-1]
        order, *found = self._query(np.hstack([x, y]), range(2, min(most + 1, n - 1) + 2))
        back = np.argsort(order)
        distances, index = (z[back] for z in found)
        radii = np.ascontiguousarray(distances[:, [k - 1 for k in ks]].T)
        margins = []
        for z in (x, y):
            apart = np.stack([np.abs(z[index[:, j]] - z).max(axis=1) for j in range(index.shape[1])])
            margins.append(np.maximum.accumulate(apart, axis=0)[[k - 1 for k in ks]])
        following = np.stack([distances[:, k] if k < distances.shape[1] else np.full(n, np.inf) for k in ks])
        widen(x, y, radii, following, margins[0], margins[1], norm)
        beyond_x, beyond_y = (np.nextafter(margin, np.inf) for margin in margins)
        return radii, self.within(x, beyond_x, norm), self.within(y, beyond_y, norm)

    def _brute(self, blocks: Sequence[Array], norm: Norm) -> bool:
        columns = sum(z.shape[1] for z in blocks)
        few = len(blocks[0]) <= 20_000
        return norm == "euclidean" or columns >= (_BRUTE_COLUMNS_SMALL if few else _BRUTE_COLUMNS)

    def _query(self, z: Array, ks: Sequence[int]) -> tuple[Counts, Array, Counts]:
        """The tree's own order of rows, in which near rows share cache lines, and each one's neighbours in that order.

        Distances and row numbers of the neighbours are `(n, len(ks))`, by rank: 1 is the row itself.
        """
        from scipy.spatial import cKDTree

        tree = cKDTree(z)
        distances, index = tree.query(z[tree.indices], k=list(ks), p=np.inf, workers=self.threads)
        return tree.indices, distances, index

    def _counts_all_pairs(
        self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int
    ) -> tuple[Array, Counts, Counts]:
        n = len(x)
        radii = np.empty((len(ks), n))
        near_x, near_y = np.empty((2, len(ks), n), dtype=np.int64)
        for rows in _row_blocks(n):
            apart_x, apart_y = _distance(x, rows, norm), _distance(y, rows, norm)
            joint = np.maximum(apart_x, apart_y)
            _forget_self(joint, rows)
            radii[:, rows] = block = _smallest(joint, ks)
            if algorithm == 1:
                limit_x = limit_y = block
            else:
                limit_x, limit_y = np.empty_like(block), np.empty_like(block)
                for j, radius in enumerate(block):
                    neighbours = joint <= radius[:, None]
                    limit_x[j] = np.nextafter(np.where(neighbours, apart_x, -1).max(axis=1), np.inf)
                    limit_y[j] = np.nextafter(np.where(neighbours, apart_y, -1).max(axis=1), np.inf)
            near_x[:, rows], near_y[:, rows] = _count(apart_x, limit_x), _count(apart_y, limit_y)
        return radii, near_x - 1, near_y - 1


def _row_blocks(n: int) -> list[slice]:
    step = max(1, _BLOCK // n)
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def _distance(z: Array, rows: slice, norm: Norm) -> Array:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(z[rows], z, "chebyshev" if norm == "chebyshev" else "sqeuclidean"))


def _joint(blocks: Sequence[Array], rows: slice, norm: Norm) -> Array:
    joint = _distance(blocks[0], rows, norm)
    for z in blocks[1:]:
        np.maximum(joint, _distance(z, rows, norm), out=joint)
    _forget_self(joint, rows)
    return joint


def _forget_self(joint: Array, rows: slice) -> None:
    joint[np.arange(len(joint)), np.arange(rows.start, rows.stop)] = np.inf


def _smallest(joint: Array, ks: Sequence[int]) -> Array:
    ranks = [k - 1 for k in ks]
    return np.partition(joint, ranks, axis=1)[:, ranks].T


def _count(apart: Array, limits: Array) -> Counts:
    return np.stack([np.count_nonzero(apart < limit[:, None], axis=1) for limit in limits])


def _within_column(values: Array, radii: Array) -> Counts:
    """Counts on a line: binary search for x ± r, then to where |x_j − x_i| < r holds exactly.

    x ± r is rounded, and with KSG the k-th neighbour sits on that boundary in x or in y for *every* row: half of the
    counts come out wrong for closed intervals, 0.3 % for open ones. fl(a − b) is monotone, so bisecting on the
    predicate itself is exact; only the rows found wrong pay for it.
    """
    order = np.argsort(values)
    line = values[order]
    counts = np.empty(radii.shape, dtype=np.int64)
    for j, radius in enumerate(radii):
        r = radius[order]
        above = _reach(line, r)
        below = _reach(-line[::-1], r[::-1])[::-1]
        counts[j, order] = above + below
    return counts


def _reach(line: Array, r: Array) -> Counts:
    """How many of the points that follow each point of the ascending line are closer to it than r."""
    n = len(line)
    here = np.arange(n)
    padded = np.append(line, np.inf)
    end = np.maximum(np.searchsorted(line, line + r, side="left"), here + 1)  # one past the last point inside
    wrong = np.flatnonzero((padded[end] - line < r) | (line[end - 1] - line >= r))
    low, high = here[wrong] + 1, np.full(len(wrong), n)
    while (low < high).any():
        middle = (low + high) // 2
        inside = padded[middle] - line[wrong] < r[wrong]
        low, high = np.where(inside, middle + 1, low), np.where(inside, high, middle)
        high = np.maximum(low, high)
    end[wrong] = low
    return np.asarray(end - here - 1)

"""The fast path: compiled kernels, with threads over blocks of rows."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from mibench.interface import Array
from mibench.neighbors.compiled import rows, strip, tree
from mibench.neighbors.paths import Counts, Norm
from mibench.neighbors.ties import widen

_COUNT_LEAF = 256
"""Points a leaf of the trees for counting: best or within 5 % of it from 2 to 25 columns (measured)."""


@dataclass(frozen=True)
class Search:
    """What a search found, rows in an order of its own: `order[i]` is the caller's row i.

    `radii` is `(n, ranks)`; `nearest`, `(n, k)` or empty, holds places in that order, as `points`, `(dim, n)`, does.
    """

    order: Counts
    points: Array
    radii: Array
    nearest: Counts

    def by_row(self, values: Array) -> Array:
        """Values `(m, n)` of the search's order in the caller's."""
        back = np.empty_like(values)
        back[:, self.order] = values
        return back


MANY = 20_000
"""Numbers from which threads pay."""


@dataclass(frozen=True)
class CompiledPath:
    """Strips for one column a side, a k-d tree for more."""

    threads: int = 1
    name: str = "numba-tree"

    def kth(self, blocks: Sequence[Array], ks: Sequence[int], norm: Norm) -> Array:
        search = self._search(blocks, ks, norm, _orders(blocks, norm), keep=False)
        return search.by_row(search.radii.T)

    def within(self, z: Array, radii: Array, norm: Norm) -> Counts:
        return self._within(z, radii, norm, _orders([z], norm)[0])

    def _within(self, z: Array, radii: Array, norm: Norm, order: Counts | None) -> Counts:
        if order is not None:
            return self._within_line(z[:, 0], radii, order)
        grown = tree.build(z, _COUNT_LEAF)
        r = np.ascontiguousarray(radii[:, grown.order].T)
        counted = np.empty(r.shape, dtype=np.int64)
        arrays = grown.points, norm == "euclidean", grown.bounds, grown.low, grown.high
        self._spread(grown.leaves, z.size, lambda first, last: tree.count(*arrays, first, last, r, counted))
        counts = np.empty(radii.shape, dtype=np.int64)
        counts[:, grown.order] = counted.T
        return counts - 1

    def counts(self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int) -> tuple[Array, Counts, Counts]:
        orders = _orders((x, y), norm)
        if algorithm == 1:
            search = self._search((x, y), ks, norm, orders, keep=False)
            radii = search.by_row(search.radii.T)
            return radii, self._within(x, radii, norm, orders[0]), self._within(y, radii, norm, orders[1])
        # One rank more than asked for shows whether another row ties with the k-th neighbour.
        ranks = sorted({rank for k in ks for rank in (k, k + 1) if rank < len(x)})
        search = self._search((x, y), ranks, norm, orders, keep=True)
        found = search.by_row(search.radii.T)
        radii = np.stack([found[ranks.index(k)] for k in ks])
        following = np.stack([found[ranks.index(k + 1)] if k + 1 in ranks else np.full(len(x), np.inf) for k in ks])
        margins = []
        for first, last in ((0, x.shape[1]), (x.shape[1], x.shape[1] + y.shape[1])):
            farthest = np.empty(radii.shape)
            rows.farthest(
                search.points,
                first,
                last,
                norm == "euclidean",
                search.nearest,
                np.asarray(ks, dtype=np.int64),
                farthest,
            )
            margins.append(search.by_row(farthest))
        widen(x, y, radii, following, margins[0], margins[1], norm)
        beyond_x, beyond_y = (np.nextafter(margin, np.inf) for margin in margins)
        return radii, self._within(x, beyond_x, norm, orders[0]), self._within(y, beyond_y, norm, orders[1])

    def _search(
        self, blocks: Sequence[Array], ranks: Sequence[int], norm: Norm, orders: Sequence[Counts | None], *, keep: bool
    ) -> Search:
        if len(blocks) == 2 and orders[0] is not None and orders[1] is not None:
            return self._search_strips(blocks[0][:, 0], blocks[1][:, 0], orders[0], orders[1], ranks, keep)
        z = blocks[0] if len(blocks) == 1 else np.hstack(blocks)
        grown = tree.build(z, _search_leaf(z.shape[1]))
        found, nearest = _room(len(z), ranks, keep)
        arrays = grown.points, blocks[0].shape[1], norm == "euclidean", grown.bounds, grown.low, grown.high
        wanted = np.asarray(ranks, dtype=np.int64)
        self._spread(
            grown.leaves,
            z.size,
            lambda first, last: tree.search(*arrays, first, last, ranks[-1], wanted, found, nearest),
        )
        return Search(grown.order, grown.points, found, nearest)

    def _search_strips(
        self, x: Array, y: Array, order_x: Counts, order_y: Counts, ranks: Sequence[int], keep: bool
    ) -> Search:
        n = len(x)
        width_x, width_y = _quartile_range(x, order_x), _quartile_range(y, order_y)
        swapped = width_y > width_x  # strips across the wider of the two are narrower
        if swapped:
            x, y, order_x, order_y, width_x, width_y = y, x, order_y, order_x, width_y, width_x
        size = strip.rows_per_strip(n, ranks[-1], width_x, width_y)
        strips = -(-n // size)
        rank_x = np.empty(n, dtype=np.int64)
        rank_x[order_x] = np.arange(n)
        dealt = strip.deal(order_y, rank_x, size, strips)
        across, along = x[dealt], y[dealt]
        left, right = np.empty(strips), np.empty(strips)
        strip.edges(across, size, left, right)
        found, nearest = _room(n, ranks, keep)
        wanted = np.asarray(ranks, dtype=np.int64)
        self._spread(
            strips,
            2 * n,
            lambda first, last: strip.search(
                across, along, size, left, right, first, last, ranks[-1], wanted, found, nearest
            ),
        )
        points = np.stack([along, across] if swapped else [across, along]) if keep else np.empty((0, 0))
        return Search(dealt, points, found, nearest)

    def _within_line(self, values: Array, radii: Array, order: Counts) -> Counts:
        line = values[order]
        counts = np.empty(radii.shape, dtype=np.int64)
        counted = np.empty(len(line), dtype=np.int64)
        for j, radius in enumerate(radii):
            self._spread(len(line), len(line), partial(strip.count_on_line, line, radius[order], counted))
            counts[j, order] = counted
        return counts

    def _spread(self, pieces: int, numbers: int, work: Callable[[int, int], object]) -> None:
        """`work(first, last)` over 0 … pieces, on the threads given; every piece writes rows of its own.

        Fewer than `MANY` numbers are sooner done than threads are started.
        """
        if self.threads == 1 or numbers < MANY:
            work(0, pieces)
            return
        cuts = np.unique(np.linspace(0, pieces, 4 * self.threads + 1).astype(int))
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(work, cuts[:-1], cuts[1:]):
                pass


def _room(n: int, ranks: Sequence[int], keep: bool) -> tuple[Array, Counts]:
    return np.empty((n, len(ranks))), np.empty((n if keep else 0, ranks[-1]), dtype=np.int64)


def _search_leaf(columns: int) -> int:
    """Points a leaf: more columns tell leaves apart less, and then longer runs are the better part (measured)."""
    return 128 if columns <= 4 else 256


def _orders(blocks: Sequence[Array], norm: Norm) -> list[Counts | None]:
    """The rows of each block by value, where it is one column compared by |a − b|."""
    return [np.argsort(z[:, 0]) if z.shape[1] == 1 and norm == "chebyshev" else None for z in blocks]


def _quartile_range(values: Array, order: Counts) -> float:
    n = len(values)
    return float(values[order[(3 * n) // 4]] - values[order[n // 4]])

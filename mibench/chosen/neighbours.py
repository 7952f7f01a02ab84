"""The nearest-neighbour estimate of one pair's log ratio, from rows that the pair is not one of.

Kraskov, Stögbauer & Grassberger, Phys. Rev. E 69, 066138 (2004), algorithm 1, before the mean over rows is taken; where
the k-th neighbour is at distance zero, as Gao et al. 2017 (arXiv 1709.06212) count.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.interface import Array


@dataclass(frozen=True, eq=False)
class Neighbours:
    """ψ(k̃) + ψ(n + 1) − ψ(n_x + 1) − ψ(n_y + 1) of a pair among n rows x `(n, dim_x)` and y `(n, dim_y)`.

    n_x rows are closer in x than the k-th neighbour of the pair, and k̃ is k; where that neighbour is at distance zero,
    n_x, n_y and k̃ − 1 are the rows at distance zero.
    """

    x: Array
    y: Array
    k: int

    def scores(self, x: Array, y: Array, group: int) -> tuple[Array, Array]:
        """See `candidates.LogRatios`."""
        from scipy.spatial import cKDTree

        trees = cKDTree(np.hstack([self.x, self.y])), cKDTree(self.x), cKDTree(self.y)
        joint = self._ratio(trees, x, y)
        partners = in_groups(len(x), group)
        return joint, np.column_stack([self._ratio(trees, x, y[rows]) for rows in partners.T])

    def _ratio(self, trees: Any, x: Array, y: Array) -> Array:
        from scipy.special import digamma

        both, of_x, of_y = trees
        pairs = np.hstack([x, y])
        radii = both.query(pairs, self.k, p=np.inf)[0].reshape(len(x), -1)[:, -1]
        within = np.nextafter(radii, 0)  # closer than the k-th; of zero, at zero
        near_x, near_y = (counted(tree, z, within) for tree, z in ((of_x, x), (of_y, y)))
        tied = radii == 0
        same = np.where(tied, counted(both, pairs, within) + 1, self.k) if tied.any() else self.k
        ratio: Array = digamma(same) + digamma(both.n + 1) - digamma(near_x + 1) - digamma(near_y + 1)
        return ratio


def counted(tree: Any, z: Array, radii: Array) -> Array:
    """How many rows of the tree are within these radii of each row of z."""
    return np.asarray(tree.query_ball_point(z, radii, p=np.inf, return_length=True))


def in_groups(n: int, group: int) -> Any:
    """For each of n rows the others of its group, `(n, group - 1)`, in the order that critics' tables have."""
    rows = np.arange(n)
    first = rows // group * group
    others = np.arange(group - 1)
    return first[:, None] + others + (others >= (rows - first)[:, None])

"""What a path is.

A path finds, for every row, radii and the number of rows within them. All distances of a path are float64 and all its
comparisons exact, so that paths agree on the counts, which are whole numbers, and so on the estimate to the last bit.

Distances are Chebyshev (`norm="chebyshev"`), or Euclidean within a block and Chebyshev between x and y
(`norm="euclidean"`), where every path compares *squared* distances, summed column by column.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from mibench.interface import Array

Norm = Literal["chebyshev", "euclidean"]
Counts = npt.NDArray[np.int64]


class Path(Protocol):
    """Blocks are one or two `(n, dim)` arrays. `ks` ascends. A row is not a neighbour of itself."""

    @property
    def name(self) -> str:
        """What a result row calls this path."""

    def kth(self, blocks: Sequence[Array], ks: Sequence[int], norm: Norm) -> Array:
        """Distance to the k-th neighbour, `(len(ks), n)`; squared where the norm is Euclidean."""

    def within(self, z: Array, radii: Array, norm: Norm) -> Counts:
        """How many other rows of z lie strictly closer than each of the radii `(m, n)`, which ascend along m."""

    def counts(self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int) -> tuple[Array, Counts, Counts]:
        """Distances to the k-th neighbours, and the neighbours in x and in y that KSG counts; each `(len(ks), n)`."""

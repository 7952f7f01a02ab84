"""What a path is, and which one runs.

A path finds, for every row, radii and the number of rows within them. All distances of a path are float64 and all its
comparisons exact, so that paths agree on the counts, which are whole numbers, and so on the estimate to the last bit.

Distances are Chebyshev (`norm="chebyshev"`), or Euclidean within a block and Chebyshev between x and y
(`norm="euclidean"`), where every path compares *squared* distances, summed column by column.
"""

import warnings
from collections.abc import Sequence
from functools import cache
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


def choose(dim_x: int, dim_y: int, threads: int = 1, device: str = "cpu") -> Path:
    """The fastest path there is for this shape on this device."""
    if device.startswith("cuda"):
        from mibench.neighbors.torch_path import TorchPath

        return TorchPath(device)
    if device != "cpu":
        raise ValueError(f"nearest neighbours need float64 and run on cpu or cuda, not on {device!r}")
    reason = _not_compiled()
    if reason is None:
        from mibench.neighbors.compiled_path import CompiledPath

        return CompiledPath(threads, "numba-strip" if dim_x == dim_y == 1 else "numba-tree")
    from mibench.neighbors.scipy_path import ScipyPath

    return ScipyPath(threads)


@cache
def _not_compiled() -> str | None:
    """Why the compiled path cannot run, if it cannot; warns of it, once a process."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        warnings.warn(
            f"nearest neighbours run on scipy, 3 to 15 times slower than compiled ({error}): "
            "pip install 'mibench[fast]'",
            RuntimeWarning,
            stacklevel=2,
        )
        return str(error)
    return None

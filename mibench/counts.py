"""How often values are seen: mutual information from a table of counts, and columns that are too few of them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.interface import Array

CORRECTIONS = ("none", "miller-madow")

ATOM = 0.05
"""The most that one value may make up of a column that a density is fitted to, or that noise is added to: above it,
7 nats were seen of a fair bit, and 3000 where there was one. Rounding to a tenth of a standard deviation makes 4 %."""


def most_equal(column: Array) -> float:
    """The share of the most frequent value."""
    return float(np.unique(column, return_counts=True)[1].max() / len(column))


def without_atoms(z: Array, name: str) -> None:
    """Raises ValueError for a column of the side `z`, called `name`, of which one value makes up more than `ATOM`."""
    for number, column in enumerate(z.T):
        if (most := most_equal(column)) > max(1 / len(z), ATOM):
            raise ValueError(
                f"one value makes up {most:.0%} of column {number} of {name}, and a density has no such values: "
                "use ksg-mixed for discrete or mixed data"
            )


def information(x: Array, y: Array, correction: str) -> tuple[float, float, int]:
    """Σ p log(p / p_x p_y) over the cells of the table of x `(n, dim_x)` by y `(n, dim_y)`, whose rows are values.

    With the standard error of the mean of that logarithm, and the number of cells that hold a row. "miller-madow" adds
    (values − 1) / 2n to each of the three entropies (Miller 1955, "Note on the bias of information estimates"), for the
    values that were seen. Raises ValueError for a correction that there is none of.
    """
    if correction not in CORRECTIONS:
        raise ValueError(f"correction={correction!r} is none of {', '.join(map(repr, CORRECTIONS))}")
    n, (of_x, rows_x), (of_y, rows_y) = len(x), numbered(x), numbered(y)
    cell, rows = numbered(np.column_stack([of_x, of_y]))
    log_ratio = np.log(n * rows[cell] / (rows_x[of_x] * rows_y[of_y]))
    more = (len(rows_x) + len(rows_y) - len(rows) - 1) / (2 * n) if correction == "miller-madow" else 0.0
    return float(log_ratio.mean() + more), float(log_ratio.std() / np.sqrt(n)), len(rows)


def numbered(z: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """The number of each row's value `(n,)`, and how many rows have the value of each number."""
    number = np.zeros(len(z), dtype=np.intp)
    for column in z.T:  # a row that is one number sorts many times faster than rows do
        _, of_column = np.unique(column, return_inverse=True)
        _, number = np.unique(number * len(z) + of_column, return_inverse=True)
    return number, np.bincount(number)

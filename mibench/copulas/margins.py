"""Columns to their places among the values of a sample: the empirical distribution of each."""

from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

QUARTER = -2
"""Values are divided by 2² first, so that a difference of two of them does not overflow."""


@dataclass(frozen=True, eq=False)
class Margins:
    """The different values of each column of a sample, and their mid-ranks over n + 1."""

    columns: tuple[tuple[Array, Array], ...]

    def places(self, z: Array) -> Array:
        """Where each value lies, above 0 and below 1: `(n, dim)`. Between two known values on the line between them."""
        found = [
            np.clip(np.interp(column, values, places), places[0], places[-1])
            for column, (values, places) in zip(np.ldexp(z, QUARTER).T, self.columns, strict=True)
        ]
        return np.column_stack(found)


def margins_of(sample: Array, name: str) -> Margins:
    """The margins of `(n, dim)`. Raises ValueError for a constant column."""
    n, columns = len(sample), []
    for number, column in enumerate(np.ldexp(sample, QUARTER).T):
        values, counts = np.unique(column, return_counts=True)
        if len(values) == 1:
            raise ValueError(f"column {number} of {name} is constant ({sample[0, number]:g}): drop it")
        columns.append((values, (np.cumsum(counts) - (counts - 1) / 2) / (n + 1)))
    return Margins(tuple(columns))

"""A column of someone's table: what kind of values it holds, and how estimators are given them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mibench.interface import Array

Kind = Literal["continuous", "rounded", "integer", "mixed", "categorical", "constant"]

Raw = npt.NDArray[Any]
"""Values as they were read: float64 with NaN where one is missing, or objects, texts and None."""

TIES = 0.05
"""Share of a column's values that may equal an earlier one before it counts as rounded."""

NOISE = 1e-6
"""Standard deviations: enough to break ties, and no more."""

FEW = 20
"""A column of numbers with at most so many different values is a discrete one."""

MOST_ATOMS, ABOVE = 3, 5
"""An atom is a value that more than `TIES` of the rows hold, and so many times as many as any that is none."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column without its missing rows: `values` `(n,)` are numbers, or the places of texts in `levels`."""

    name: str
    values: Array
    levels: tuple[str, ...] = ()

    @cached_property
    def counted(self) -> tuple[Array, npt.NDArray[np.intp]]:
        """The different values, and how many rows hold each."""
        values, count = np.unique(self.values, return_counts=True)
        return values, count

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.counted[0])

    @cached_property
    def atoms(self) -> Array:
        """Values that stand out of others by how many rows hold them, as 0 does in rain: not ties, but classes."""
        values, count = self.counted
        if self.levels or len(values) <= FEW:
            return values[:0]
        order = np.argsort(-count, kind="stable")[: MOST_ATOMS + 1]
        falls = [
            k + 1
            for k, (this, after) in enumerate(zip(count[order], count[order][1:], strict=False))
            if this > TIES * len(self.values) and this >= ABOVE * after
        ]
        return values[order[: max(falls, default=0)]]

    @property
    def ties(self) -> float:
        """The share of values, of those that are no atoms, that equal an earlier one."""
        _, count = self.counted
        rows = len(self.values) - np.isin(self.values, self.atoms).sum()
        return float(1 - (len(count) - len(self.atoms)) / rows)

    @property
    def kind(self) -> Kind:
        """What the values look like."""
        if self.distinct == 1:
            return "constant"
        if self.levels:
            return "categorical"
        if len(self.atoms):
            return "mixed"
        if (self.values == np.round(self.values)).all() and self.ties > 0:
            return "integer"
        return "rounded" if self.ties > TIES else "continuous"

    @property
    def discrete(self) -> bool:
        """Whether its values are classes, and few enough to be counted."""
        return bool(self.levels) or (self.distinct <= FEW and self.ties > TIES)

    @property
    def rounded(self) -> bool:
        """Whether values are tied that stand for continuous ones."""
        return not self.discrete and self.ties > TIES

    def shown(self, row: int) -> str:
        """The value of a row, as a person reads it."""
        return self.levels[int(self.values[row])] if self.levels else f"{self.values[row]:.6g}"

    def noisy(self, rng: np.random.Generator) -> "Column":
        """The same numbers, all but atoms with normal noise of `NOISE` standard deviations."""
        size = float(np.abs(self.values).max()) or 1.0
        noise = NOISE * size * float((self.values / size).std()) * rng.normal(size=len(self.values))
        return Column(self.name, np.where(np.isin(self.values, self.atoms), self.values, self.values + noise))

    def taken(self, rows: npt.NDArray[Any]) -> "Column":
        """The same column of some rows; a category of which none is left is dropped."""
        values = self.values[rows]
        if not self.levels:
            return Column(self.name, values)
        used, codes = np.unique(values, return_inverse=True)
        return Column(self.name, codes.astype(float), tuple(self.levels[int(code)] for code in used))


def column(name: str, raw: Raw) -> Column:
    """The column of raw values of which none is missing; texts become places in the sorted list of them."""
    if raw.dtype.kind == "f":
        return Column(name, raw)
    levels, codes = np.unique(raw.astype(str), return_inverse=True)
    return Column(name, codes.astype(float), tuple(levels.tolist()))


def missing(raw: Raw) -> npt.NDArray[np.bool_]:
    """Which values are missing."""
    if raw.dtype.kind == "f":
        return np.isnan(raw)
    return np.array([value is None for value in raw], dtype=bool)


def labels(side: Sequence[Column]) -> Array:
    """The side as `(n, dim)`, categories by their places."""
    return np.column_stack([one.values for one in side])


def one_hot(side: Sequence[Column]) -> Array:
    """The side as `(n, dim)`, with a column of 0 and 1 for each category; two categories need one."""
    return np.column_stack([part for one in side for part in _indicators(one)])


def _indicators(one: Column) -> list[Array]:
    if len(one.levels) <= 2:
        return [one.values]
    return [(one.values == code).astype(float) for code in range(len(one.levels))]

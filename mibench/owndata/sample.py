"""The pairs that are estimated from: two sides of columns, without missing rows, in the order of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mibench.interface import Array
from mibench.owndata import columns, texts
from mibench.owndata.columns import Column, Raw

Rows = npt.NDArray[np.intp]

SidesKind = Literal["continuous", "rounded", "mixed", "discrete"]

FEWEST = 30
"""Rows below which nothing is estimated."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of x and y that are pairs.

    `of` is how many rows the table had, `dropped` how many had a missing value, `first_dropped` where the first such
    value was; `repeated` equal an earlier one, the first of them row `first_repeated`. `groups` `(n,)` numbers the
    group of each row, `series` says that rows are in the order of time, and with `lag` each y was seen so many rows
    after its x.
    """

    x: tuple[Column, ...]
    y: tuple[Column, ...]
    of: int
    dropped: int = 0
    first_dropped: str = ""
    repeated: int = 0
    first_repeated: int = 0
    groups: Rows | None = None
    series: bool = False
    lag: int = 0

    @property
    def n(self) -> int:
        """How many pairs there are."""
        return len(self.x[0].values)

    @property
    def every(self) -> tuple[Column, ...]:
        """The columns of both sides."""
        return (*self.x, *self.y)

    @cached_property
    def kind(self) -> SidesKind:
        """What an estimator has to cope with."""
        if all(one.discrete for one in self.every):
            return "discrete"
        if any(one.discrete or len(one.atoms) for one in self.every):
            return "mixed"
        return "rounded" if any(one.rounded for one in self.every) else "continuous"

    def arrays(self, indicators: bool) -> tuple[Array, Array]:
        """Both sides as `(n, dim)`: a category as a column of 0 and 1, or as its place in the list of them.

        Where distances are taken beside discrete columns, ties of rounded ones are broken by noise: an estimator that
        takes discrete values takes ties at their word.
        """
        if indicators:
            return columns.one_hot(self.x), columns.one_hot(self.y)
        if self.kind != "mixed":
            return columns.labels(self.x), columns.labels(self.y)
        rng = np.random.default_rng(0)
        x, y = (columns.labels([one.noisy(rng) if one.rounded else one for one in side]) for side in (self.x, self.y))
        return x, y

    def between(self, x: Column, y: Column) -> "Sample":
        """The pairs of one column with another."""
        return Sample((x,), (y,), self.of, self.dropped, groups=self.groups, series=self.series, lag=self.lag)


def sample(
    x: Mapping[str, Raw],
    y: Mapping[str, Raw],
    groups: Raw | None = None,
    by: str = "groups",
    *,
    series: bool = False,
    lag: int = 0,
    refuse_missing: bool = False,
    distinct: bool = False,
) -> Sample:
    """The pairs of raw columns; `by` is what the groups are called, and `distinct` keeps one of rows that are equal.

    Raises ValueError, in one line, where they are none that anything could be estimated from.
    """
    x, y, groups = _lagged(x, y, groups, lag)
    raw = [*x.items(), *y.items(), *([(by, groups)] if groups is not None else [])]
    of = len(raw[0][1])
    if of < FEWEST:
        raise ValueError(f"{of} rows are too few to estimate from: {FEWEST} or more are needed")
    gaps = np.column_stack([columns.missing(values) for _, values in raw])
    gone = gaps.any(axis=1)
    first = _first(gaps, [name for name, _ in raw]) if gone.any() else ""
    if gone.any() and refuse_missing:
        raise ValueError(f"{first}; --missing drop leaves such rows out")
    for (name, _), empty in zip(raw, gaps.T, strict=True):
        if empty.all():
            raise ValueError(f"column {name!r} is missing in all {of} rows: choose another")
    kept = np.flatnonzero(~gone)
    if len(kept) < FEWEST:
        without = f" of {of} without missing values" if gone.any() else ""
        raise ValueError(f"{len(kept)} rows{without} are too few to estimate from: {FEWEST} or more are needed")
    sides = [tuple(columns.column(name, values[kept]) for name, values in side.items()) for side in (x, y)]
    copies = _copies(sides)
    first_copy = int(kept[copies.argmax()]) + 1
    if distinct and copies.any():
        rows = np.flatnonzero(~copies)
        kept = kept[rows]
        sides = [tuple(one.taken(rows) for one in side) for side in sides]
        if len(kept) < FEWEST:
            raise ValueError(f"{len(kept)} different rows are too few to estimate from: {FEWEST} or more are needed")
    if groups is not None and len(np.unique(groups[kept].astype(str))) == len(kept):
        raise ValueError(f"--groups: each of the {len(kept)} rows is a group of its own, so that no pair can be broken")
    for name, side in zip("xy", sides, strict=True):
        for one in side:
            _usable(one, name)
    return Sample(
        sides[0],
        sides[1],
        of,
        int(gone.sum()),
        first,
        int(copies.sum()),
        first_copy,
        None if groups is None else np.unique(groups[kept].astype(str), return_inverse=True)[1],
        series,
        lag,
    )


def _lagged(
    x: Mapping[str, Raw], y: Mapping[str, Raw], groups: Raw | None, lag: int
) -> tuple[Mapping[str, Raw], Mapping[str, Raw], Raw | None]:
    """x of each row beside y of `lag` rows later in the same group."""
    of_x, of_y = len(next(iter(x.values()))), len(next(iter(y.values())))
    if of_x != of_y:
        raise ValueError(f"x has {of_x} rows and y has {of_y}; rows are pairs, so the two must be equal{_turned(x, y)}")
    if groups is not None and len(groups) != of_x:
        raise ValueError(f"groups has {len(groups)} values for {of_x} rows; each row needs one")
    if not lag:
        return x, y, groups
    if not 0 < lag < of_x:
        raise ValueError(f"--lag {lag}: y can be 1 to {of_x - 1} rows behind x")
    rows = np.arange(of_x - lag)
    if groups is not None:
        rows = rows[groups[rows] == groups[rows + lag]]
        groups = groups[rows]
    return (
        {name: values[rows] for name, values in x.items()},
        {name: values[rows + lag] for name, values in y.items()},
        groups,
    )


def _turned(x: Mapping[str, Raw], y: Mapping[str, Raw]) -> str:
    for name, one, other in (("x", x, y), ("y", y, x)):
        if len(one) == len(next(iter(other.values()))):
            return f": {name} has {len(one)} columns, so give its transpose"
    return ""


def _first(gaps: npt.NDArray[np.bool_], names: Sequence[str]) -> str:
    row, column = np.argwhere(gaps)[0]
    return f"column {names[column]!r} has no value at row {row + 1} ({gaps.any(axis=1).sum()} such rows in all)"


def _copies(sides: Sequence[Sequence[Column]]) -> npt.NDArray[np.bool_]:
    """Which rows equal an earlier one in all columns."""
    table = np.column_stack([one.values for side in sides for one in side])
    again = np.ones(len(table), dtype=bool)
    again[np.unique(table, axis=0, return_index=True)[1]] = False
    return again


def _usable(one: Column, side: str) -> None:
    n = len(one.values)
    if one.distinct == 1:
        raise ValueError(f"column {one.name!r} of {side} is constant ({one.shown(0)} in all {n} rows): leave it out")
    if one.levels and texts.are_dates(one.levels):
        raise ValueError(
            f"column {one.name!r} of {side} holds dates or times such as {one.levels[0]!r:.30}: give a number, such as "
            "days since the first; where rows are in the order of time, --series says so"
        )
    if one.levels and 2 * len(one.levels) > n:
        why = "names tell nothing that repeats; leave it out"
        if texts.have_units(one.levels):
            why = "write numbers without units"
        raise ValueError(
            f"column {one.name!r} of {side} has {len(one.levels)} different texts in {n} rows, such as "
            f"{one.levels[0]!r:.30}: {why}"
        )


def most_entropy(side: Sequence[Column]) -> float | None:
    """Nats that a discrete side may hold: H of its rows and two standard errors; None of another side.

    The variance of the entropy of n rows is about Var(log p) / n (Basharin, Theory Probab. Appl. 4, 333 (1959)).
    """
    if not all(one.discrete for one in side):
        return None
    _, counts = np.unique(columns.labels(side), axis=0, return_counts=True)
    n = counts.sum()
    logs = np.log(counts / n)
    mean = (counts * logs).sum() / n
    return float(-mean + 2 * np.sqrt((counts * (logs - mean) ** 2).sum()) / n)


def described(one: Column) -> dict[str, Any]:
    """What was understood of a column, as JSON holds it."""
    return {"column": one.name, "kind": one.kind, "distinct": one.distinct, "first": one.shown(0)}

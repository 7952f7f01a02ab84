"""Which rows a critic is trained, validated and tested on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mibench.interface import Array
from mibench.neural.limits import Shared, shares, too_few

TIED = 0.05
"""Up to this share of rows with the value of another one, a column counts as continuous."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Parts:
    """Rows of one sample for one critic; `repeated` if copies of a row had to be kept in one part."""

    train: Rows
    valid: Rows
    test: Rows
    repeated: bool
    distinct: int
    """How many different rows are trained on."""


def parts(settings: Shared, x: Array, y: Array, rng: np.random.Generator) -> list[Parts]:
    """The parts of each fold; one if there are no folds."""
    said = too_few(settings, len(x))
    if said:
        raise ValueError(said)
    _, n_valid, n_test = shares(settings, len(x))
    order, group = rng.permutation(len(x)), copies(x, y)
    if group is not None:
        order = order[np.argsort(first_places(group[order]), kind="stable")]
    found = []
    for fold in range(settings.folds):
        rows = np.roll(order, -fold * n_test)
        train, valid, test = rows[n_test + n_valid :], rows[n_test : n_test + n_valid], rows[:n_test]
        if group is not None:
            train, valid, test = kept_apart(train, valid, test, group)
        distinct = len(train if group is None else np.unique(group[train]))
        found.append(Parts(train, valid, test, group is not None, distinct))
    return found


def copies(x: Array, y: Array) -> Rows | None:
    """A number a row, the same for all copies of it; None where rows are not repeated, or repeat by chance.

    Rows of discrete values repeat by chance, and so do the atoms of a mixed distribution. What cannot be chance is a
    copy of a row with a value that is otherwise never seen twice. So there must be a column that is continuous both
    among the different rows and among those of them that are repeated, and more of these than any has copies: a few
    rows seen very often are the values of a discrete variable, however different they are.
    """
    if any(len(np.unique(column)) == len(x) for column in (*x.T, *y.T)):
        return None
    z = np.ascontiguousarray(np.hstack([x, y]) + 0.0)  # −0 is 0
    _, first, group, count = np.unique(
        z.view(np.dtype((np.void, z.strides[0]))).ravel(), return_index=True, return_inverse=True, return_counts=True
    )
    different, repeated = z[first], z[first[count > 1]]
    if count.max() == 1 or count.max() >= len(repeated):
        return None
    continuous = (tied(a) <= TIED and tied(b) <= TIED for a, b in zip(different.T, repeated.T, strict=True))
    return group if any(continuous) else None


def tied(values: Array) -> float:
    """The share of values that others are equal to."""
    _, count = np.unique(values, return_counts=True)
    return float(count[count > 1].sum() / len(values))


def first_places(group: Rows) -> Rows:
    """For each row the first one of its group."""
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    return first[inverse]


def kept_apart(train: Rows, valid: Rows, test: Rows, group: Rows) -> tuple[Rows, Rows, Rows]:
    """As many training, validation and test rows as before, of which none has a copy in another part.

    Copies follow each other in the rows that were cut, so only a group that a cut went through is in two parts. Test
    rows stay, and then those of validation; a part that loses rows repeats others of its own in their place.
    """
    tested = spread(test, group)
    validated = refilled(valid, ~np.isin(group[valid], group[test]))
    trained = refilled(train, ~np.isin(group[train], group[np.concatenate([test, validated])]))
    return spread(trained, group), spread(validated, group), tested


def refilled(rows: Rows, own: npt.NDArray[np.bool_]) -> Rows:
    """As many rows, all of them `own` ones."""
    if not own.any():
        raise ValueError(f"{len(rows)} rows in a part of the split are all copies of rows in another one: drop copies")
    return np.resize(rows[own], len(rows))


def spread(rows: Rows, group: Rows) -> Rows:
    """The first of each group's rows, then the second ones, and so on: neighbours are partners of each other."""
    order = np.argsort(group[rows], kind="stable")
    ordered = group[rows][order]
    turn = np.empty(len(rows), np.intp)
    turn[order] = np.arange(len(rows)) - np.searchsorted(ordered, ordered)
    return rows[np.argsort(turn, kind="stable")]

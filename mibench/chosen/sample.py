"""One sample, and how its rows are shared out between fitting and judging."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mibench.interface import Array
from mibench.neural.bound import Bound
from mibench.neural.split import TIED, Parts, parts, tied

PARTNERS = 16
"""Mismatched partners of each held-out row, or a few more."""


@dataclass(frozen=True, eq=False)
class Sample:
    """x `(n, dim_x)` and y `(n, dim_y)`, and the rotations of the rows: each holds out another share of them."""

    x: Array
    y: Array
    rotations: list[Parts]
    seed: int | None

    @cached_property
    def group(self) -> int:
        """Held-out rows are partners of each other in groups of so many, which follow each other."""
        rows = len(self.rotations[0].test)
        return rows // max(rows // (PARTNERS + 1), min(rows // 2, 4))

    def held_out(self, rotation: Parts) -> tuple[Array, Array]:
        """The pairs that a rotation holds out, in whole groups."""
        rows = rotation.test[: len(rotation.test) // self.group * self.group]
        return self.x[rows], self.y[rows]

    def left(self, rotation: Parts) -> tuple[Array, Array]:
        """The pairs that it does not hold out."""
        rows = np.concatenate([rotation.train, rotation.valid])
        return self.x[rows], self.y[rows]

    @property
    def columns(self) -> int:
        """Of both sides."""
        return int(self.x.shape[1] + self.y.shape[1])

    @cached_property
    def continuous(self) -> bool:
        """Whether hardly a value is seen twice, in any column."""
        return all(tied(column) <= TIED for z in (self.x, self.y) for column in z.T)


def shared_out(x: Array, y: Array, folds: int, seed: int | None) -> Sample:
    """The sample, without columns that are constant. Raises ValueError where none is left, or for too few rows."""
    x, y = varying(x, "x"), varying(y, "y")
    return Sample(x, y, parts(Bound(folds=folds), x, y, np.random.default_rng(seed)), seed)


def varying(z: Array, name: str) -> Array:
    """The columns that are not constant. Raises ValueError if all are."""
    kept = (z != z[0]).any(axis=0)
    if not kept.any():
        raise ValueError(f"{name} is constant ({z[0, 0]:g}): it tells nothing of anything")
    return z if kept.all() else np.ascontiguousarray(z[:, kept])

"""One's own rows, paired anew: whatever one side is in itself stays, and what it tells of the other is known.

Let s be a number of x and t one of y. Pairs (u, v) of a family of known mutual information are drawn, and the row of x
whose s has rank r goes where u has rank r, the row of y whose t has rank q where v has rank q. Then x − s − t − y is a
chain and s and t are functions of x and y, so that I(x; y) = I(s; t). Where s or t repeats, only the cell of its rank
is passed on, and the information is that of the cells.
"""

from dataclasses import dataclass

import numpy as np

from mibench.calibration.families import Family
from mibench.calibration.scores import Rows, atoms, order
from mibench.interface import Array


@dataclass(frozen=True, eq=False)
class Repairing:
    """A number of each row of x and one of y, and the family that ties them; `information` in nats is exact."""

    s: Array
    t: Array
    family: Family
    parameter: float
    information: float

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Which rows of x and of y stand beside one another."""
        u, v = self.family.draw(len(self.s), self.parameter, rng)
        return placed(self.s, u, rng), placed(self.t, v, rng)


def placed(values: Array, like: Array, rng: np.random.Generator) -> Rows:
    """For each place the row whose value has the rank that `like` has there."""
    found = np.empty(len(values), dtype=np.intp)
    found[np.argsort(like)] = order(values, rng)
    return found


def repairing(s: Array, t: Array, family: Family, information: float) -> Repairing | None:
    """The re-pairing of so much information, None if the family or the cells of s and t cannot hold it."""
    of_s, of_t = atoms(s), atoms(t)
    if not family.information[0] <= information <= family.most(of_s, of_t):
        return None
    parameter = family.parameter(information, of_s, of_t)
    return Repairing(s, t, family, parameter, information)

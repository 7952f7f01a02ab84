"""The bank: samples of known mutual information that are like one's own, drawn structure by structure."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mibench.calibration import families, repairing, surrogates
from mibench.calibration.features import Sides, sides
from mibench.calibration.repairing import Repairing
from mibench.calibration.scores import Rows, atoms, middle_scores, normal_scores, tied
from mibench.calibration.surrogates import Tempered
from mibench.interface import Array

MODES = (2, 3, 4)
TRIES = 40


class Fresh(Protocol):
    """What draws new pairs of known information."""

    @property
    def information(self) -> float:
        """In nats."""

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """n pairs of rows."""


@dataclass(frozen=True, eq=False)
class Turned:
    """A re-pairing in which t of y leads and s of x follows."""

    made: Repairing

    @property
    def information(self) -> float:
        """In nats, exact."""
        return self.made.information

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Which rows of x and of y stand beside one another."""
        y, x = self.made.rows(rng)
        return x, y


Structure = Repairing | Turned | Fresh


@dataclass(frozen=True, eq=False)
class Member:
    """A sample of known information: rows `(n, dim)` of each column of the user's own, column by column.

    Of a re-pairing all columns of a side share their rows; of fresh draws each has the row of the same rank.
    """

    x: Rows
    y: Rows

    def of(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The member as columns of the user's."""
        return np.take_along_axis(x, self.x, axis=0), np.take_along_axis(y, self.y, axis=0)


@dataclass(frozen=True, eq=False)
class Bank:
    """What structures are made of: the sample, its features, and mixtures that were fitted to it.

    `tied` says of which sides values repeat.
    """

    x: Array
    y: Array
    sides: Sides
    scores: tuple[Array, Array]
    tied: tuple[bool, bool]
    mixtures: tuple[Tempered, ...]

    def structure(self, information: float, rng: np.random.Generator) -> Structure:
        """A way for the sides to have so much information, drawn at random; as near as there is one."""
        for _ in range(TRIES):
            if (found := self._tried(information, rng)) is not None:
                return found
        # what cells of a discrete side cannot hold: the most they can
        s, t = self.sides.x.feature(rng), self.sides.y.feature(rng)
        family = families.family("normal")
        most = family.most(atoms(s), atoms(t))
        made = repairing.repairing(s, t, family, min(information, 0.999 * most))
        assert made is not None
        return made

    def _tried(self, information: float, rng: np.random.Generator) -> Structure | None:
        spread_out = self.sides.x.z.shape[1] + self.sides.y.z.shape[1] > 2
        kind = rng.random()
        if self.mixtures and kind < 0.2:
            return self.mixtures[rng.integers(len(self.mixtures))].at(information)
        if self.mixtures and spread_out and kind < 0.55:
            return surrogates.spread(*self.scores, self.sides.correlations, information, rng)
        name = families.NAMES[rng.choice(len(families.NAMES), p=SHARES)]
        s, t = self.sides.x.feature(rng), self.sides.y.feature(rng)
        if rng.random() < 0.5:
            s = -s
        turned = rng.random() < 0.5  # families tell s and t apart
        if not turned:
            return repairing.repairing(s, t, families.family(name), information)
        made = repairing.repairing(t, s, families.family(name), information)
        return None if made is None else Turned(made)

    def draw(self, structure: Structure, rng: np.random.Generator) -> Member:
        """A sample of a structure."""
        if isinstance(structure, Repairing | Turned):
            rows = structure.rows(rng)
            return Member(*(np.broadcast_to(r[:, None], z.shape) for r, z in zip(rows, self.scores, strict=True)))
        drawn = structure.draw(len(self.x), rng)
        return Member(*(_like(own, z) for own, z in zip(self.scores, drawn, strict=True)))


SHARES = np.array([0.42, 0.1, 0.1, 0.18, 0.1, 0.1])
"""Of `families.NAMES`."""


def _like(own: Array, drawn: Array) -> Rows:
    """For each value drawn the row of one's own that has its rank in the column."""
    ascending = np.argsort(own, axis=0)
    ranks = np.argsort(np.argsort(drawn, axis=0), axis=0)
    return np.take_along_axis(ascending, ranks, axis=0)


def bank(x: Array, y: Array, rng: np.random.Generator) -> Bank:
    """The bank of a sample; where a column is discrete, it holds re-pairings alone."""
    scores = normal_scores(x, rng), normal_scores(y, rng)
    made = sides(middle_scores(x), middle_scores(y), rng)
    both = np.hstack(scores)
    dim = both.shape[1]
    smooth = not any(atoms(column) is not None for column in np.hstack([x, y]).T)
    fitted: list[Tempered] = []
    if smooth:
        for modes in MODES:
            if len(both) > 4 * modes * (dim + 1):
                fitted.append(surrogates.tempered(both, x.shape[1], modes, rng))
    return Bank(x, y, made, scores, (tied(x), tied(y)), tuple(fitted))

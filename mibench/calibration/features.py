"""Numbers that are functions of one side: what a re-pairing lets the two sides know of one another."""

from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

COSINES = 30
FEW, OTHER_ORDERS = 20, 2
"""A column with at most so many different values is also taken in so many other orders of them."""


@dataclass(frozen=True, eq=False)
class Wide:
    """A side as many functions of it: coordinates, their squares, and cosines of random projections."""

    directions: Array
    shifts: Array

    @classmethod
    def drawn(cls, dim: int, rng: np.random.Generator) -> "Wide":
        """With frequencies of one to a few waves over the bulk of a side."""
        pace = rng.uniform(0.5, 2.5, COSINES)
        directions = rng.normal(size=(dim, COSINES))
        return cls(pace * directions / np.linalg.norm(directions, axis=0), rng.uniform(0, 2 * np.pi, COSINES))

    def of(self, z: Array) -> Array:
        """`(n, 2 dim + COSINES)`."""
        return np.hstack([z, (z**2 - 1) / np.sqrt(2), np.sqrt(2) * np.cos(z @ self.directions + self.shifts)])


def ridge(wide: Array, targets: Array, strength: float = 1.0) -> Array:
    """Weights of the regression of targets on centred functions."""
    gram = wide.T @ wide
    gram[np.diag_indices_from(gram)] += strength + 0.01 * len(wide)
    return np.asarray(np.linalg.solve(gram, wide.T @ targets))


def root(covariance: Array) -> Array:
    """W with W' S W = 1, of a covariance that may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-6 * values[-1]
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def canonical(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Directions of x and y `(dim, k)` whose numbers correlate most, and those correlations."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    n = len(x)
    of_x, of_y = root(x.T @ x / n), root(y.T @ y / n)
    left, found, right = np.linalg.svd(of_x.T @ (x.T @ y / n) @ of_y, full_matrices=False)
    return of_x @ left, of_y @ right.T, np.clip(found, 0, 1)


@dataclass(frozen=True, eq=False)
class Side:
    """One side's scores `(n, dim)`, equal where its values are, and what is known of it from the other."""

    z: Array
    directions: Array
    fitted: Array

    def feature(self, rng: np.random.Generator) -> Array:
        """A number of each row, of a kind drawn at random."""
        made = [self._coordinate, self._size, self._bump, self._fit]
        shares = [5, 1.5, 1.5, 2.0]
        if self.z.shape[1] > 1:
            made += [self._canonical, self._projection, self._product]
            shares += [4, 1.5, 1]
        return made[rng.choice(len(made), p=np.array(shares) / sum(shares))](rng)

    def _column(self, rng: np.random.Generator) -> Array:
        return np.asarray(self.z[:, rng.integers(self.z.shape[1])])

    def _coordinate(self, rng: np.random.Generator) -> Array:
        column = self._column(rng)
        values, where = np.unique(column, return_inverse=True)
        if 2 < len(values) <= FEW and rng.random() < 0.5:
            other = np.random.default_rng(int(rng.integers(OTHER_ORDERS))).permutation(len(values))
            return np.asarray(other[where].astype(float))
        return column

    def _size(self, rng: np.random.Generator) -> Array:
        """About a middle that is not quite 0: scores are symmetric, and two rows would be equally far out."""
        middle = np.asarray(0.1 * rng.normal(size=self.z.shape[1]))
        if rng.random() < 0.5:
            return _alike(((self.z - middle) ** 2).sum(axis=1))
        return _alike(np.abs(self._column(rng) - middle[0]))

    def _bump(self, rng: np.random.Generator) -> Array:
        return _alike(-np.abs(self._column(rng) - rng.normal()))

    def _fit(self, rng: np.random.Generator) -> Array:
        return _alike(self.fitted[:, rng.integers(self.fitted.shape[1])])

    def _canonical(self, rng: np.random.Generator) -> Array:
        k = min(rng.geometric(0.6) - 1, self.directions.shape[1] - 1)
        return _alike(self.z @ self.directions[:, k])

    def _projection(self, rng: np.random.Generator) -> Array:
        return _alike(self.z @ rng.normal(size=self.z.shape[1]))

    def _product(self, rng: np.random.Generator) -> Array:
        one, other = rng.choice(self.z.shape[1], 2, replace=False)
        return _alike(self.z[:, one] * self.z[:, other])


def _alike(values: Array) -> Array:
    """Without the last digits, in which sums of equal numbers may differ."""
    return np.asarray(values).round(12)


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides, and how strongly they are known to depend: canonical correlations."""

    x: Side
    y: Side
    correlations: Array


def sides(x: Array, y: Array, rng: np.random.Generator) -> Sides:
    """Both sides of scores that are equal where values are."""
    of_x, of_y, correlations = canonical(x, y)
    fits = []
    for one, other in ((x, y @ of_y[:, :2]), (y, x @ of_x[:, :2])):
        wide = Wide.drawn(one.shape[1], rng).of(one)
        wide -= wide.mean(axis=0)
        targets = np.hstack([other, other[:, :1] ** 2])
        fits.append(wide @ ridge(wide, targets - targets.mean(axis=0)))
    return Sides(Side(x, of_x, fits[0]), Side(y, of_y, fits[1]), correlations)

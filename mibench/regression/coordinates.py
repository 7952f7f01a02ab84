"""Coordinates in which two sides are correlated one by one, so that the best linear prediction is a product."""

from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

LARGEST = 1 - 1e-6
"""Squared correlations count as no more, so that what is left of a variance is a number."""


@dataclass(frozen=True)
class Canonical:
    """Linear maps of x and y to uncorrelated coordinates of variance 1, in pairs of falling correlation.

    Each map has an inverse, so the mutual information stays. `slopes` are the correlations, 0 for what has no partner:
    given y, coordinate i of x has about the mean `slopes[i] * y[i]` and the variance `1 - slopes[i]**2`.
    """

    centre_x: Array
    centre_y: Array
    to_x: Array
    to_y: Array
    slopes: Array

    def x(self, x: Array) -> Array:
        """x in these coordinates."""
        return np.asarray((x - self.centre_x) @ self.to_x)

    def y(self, y: Array) -> Array:
        """y in these coordinates."""
        return np.asarray((y - self.centre_y) @ self.to_y)


SINGULAR = 1e-12
"""A variance below this share of the largest is none, but for rounding."""


def canonical(x: Array, y: Array) -> Canonical:
    """The canonical coordinates of a sample, with correlations less what so few rows make up.

    Raises ValueError where something of x is also something of y, to the last digit.
    """
    if len(x) > x.shape[1] + y.shape[1] and rank(np.hstack([x, y])) < rank(x) + rank(y):
        raise ValueError(
            "x and y follow from one another, wholly or in part: the mutual information of continuous data is then "
            "infinite; for discrete data use ksg-mixed"
        )
    (centre_x, white_x), (centre_y, white_y) = whitened(x), whitened(y)
    n = len(x)
    u, seen, v = np.linalg.svd(white_x.T @ ((x - centre_x).T @ (y - centre_y) / n) @ white_y)
    slopes = np.zeros(x.shape[1])
    slopes[: len(seen)] = deflated(seen, x.shape[1] / n, y.shape[1] / n)
    return Canonical(centre_x, centre_y, white_x @ u, white_y @ v.T, slopes)


def deflated(seen: Array, a: float, b: float) -> Array:
    """Canonical correlations ρ from a sample's, of a and b columns a row on the two sides.

    A sample shows ρ² as (1 − a + a/ρ²)(1 − b + b/ρ²)ρ², in the limit of many normal columns and rows (Bao, Hu, Pan &
    Zhou, Ann. Statist. 47, 2019), and what stays below the edge, where that is least, could be of independent sides.
    """
    if a + b >= 1:
        return np.zeros_like(seen)
    least = 2 * np.sqrt(a * b * (1 - a) * (1 - b))
    beyond = seen**2 - a - b + 2 * a * b
    square = (beyond + np.sqrt(np.maximum(beyond**2 - least**2, 0))) / (2 * (1 - a) * (1 - b))
    return np.asarray(np.sqrt(np.where(beyond > least, np.minimum(square, LARGEST), 0)))


def plain(x: Array, y: Array) -> Canonical:
    """The coordinates as they are, about their means, with no correlation told."""
    dim_x, dim_y = x.shape[1], y.shape[1]
    return Canonical(x.mean(axis=0), y.mean(axis=0), np.eye(dim_x), np.eye(dim_y), np.zeros(dim_x))


def rank(z: Array) -> int:
    """How many combinations of the columns vary."""
    variances = np.linalg.eigvalsh(np.cov(z, rowvar=False).reshape(z.shape[1], -1))
    return int((variances > SINGULAR * variances[-1]).sum())


def whitened(z: Array) -> tuple[Array, Array]:
    """The mean, and a matrix W that makes the columns of `(z − mean) W` uncorrelated, of variance 1.

    Of few rows a covariance has no inverse, and a little is added to its diagonal.
    """
    centre = z.mean(axis=0)
    spread, axes = np.linalg.eigh((z - centre).T @ (z - centre) / len(z))
    little = max(1e-9, (z.shape[1] / len(z)) ** 2) * max(spread.mean(), 1e-30)
    return centre, np.asarray(axes / np.sqrt(np.maximum(spread, 0) + little))

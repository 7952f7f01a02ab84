"""Coordinates in which two sides are correlated one by one, so that the best linear prediction is a product."""

from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

LARGEST = 1 - 1e-6
"""Correlations count as no more, so that what is left of a variance is a number."""


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


def canonical(x: Array, y: Array) -> Canonical:
    """The canonical coordinates of a sample.

    What n rows make up is taken off the correlations: those of independent sides stay below an edge (Wachter 1980, for
    normal data) and count as 0, and a squared one is (dim_x + dim_y) / n too large where both are few.
    """
    (centre_x, white_x), (centre_y, white_y) = whitened(x), whitened(y)
    n = len(x)
    u, correlations, v = np.linalg.svd(white_x.T @ ((x - centre_x).T @ (y - centre_y) / n) @ white_y)
    a, b = x.shape[1] / n, y.shape[1] / n
    edge = np.sqrt(min(a + b - 2 * a * b + 2 * np.sqrt(a * b * max(1 - a, 0) * max(1 - b, 0)), 1.0))
    slopes = np.zeros(x.shape[1])
    kept = np.where(correlations > edge, np.sqrt(np.maximum(correlations**2 - a - b, 0)), 0)
    slopes[: len(kept)] = np.minimum(kept, LARGEST)
    return Canonical(centre_x, centre_y, white_x @ u, white_y @ v.T, slopes)


def plain(x: Array, y: Array) -> Canonical:
    """The coordinates as they are, about their means, with no correlation told."""
    dim_x, dim_y = x.shape[1], y.shape[1]
    return Canonical(x.mean(axis=0), y.mean(axis=0), np.eye(dim_x), np.eye(dim_y), np.zeros(dim_x))


def whitened(z: Array) -> tuple[Array, Array]:
    """The mean, and a matrix W that makes the columns of `(z − mean) W` uncorrelated, of variance 1.

    Of few rows a covariance has no inverse, and a little is added to its diagonal.
    """
    centre = z.mean(axis=0)
    spread, axes = np.linalg.eigh((z - centre).T @ (z - centre) / len(z))
    little = max(1e-9, (z.shape[1] / len(z)) ** 2) * max(spread.mean(), 1e-30)
    return centre, np.asarray(axes / np.sqrt(np.maximum(spread, 0) + little))

"""The normal copula and the t copula: a correlation matrix, and the degrees of freedom.

Demarta & McNeil, "The t copula and related copulas", International Statistical Review 73 (2005).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mibench.interface import Array


def digamma(at: float | Array) -> Array:
    """ψ."""
    from scipy.special import psi

    return np.asarray(psi(at))


def wishart_bias(n: int, dim_x: int, dim_y: int) -> float:
    """By how much ½ log(|Sx| |Sy| / |Sxy|) of n normal rows exceeds the truth on average, in nats: exact.

    E log|S| of a covariance of n rows about their mean is log|Σ| + Σᵢ ψ((n − i) / 2), i = 1 … dim, but for terms that
    cancel (the Wishart distribution; Anderson, An Introduction to Multivariate Statistical Analysis). It needs
    n > dim_x + dim_y.
    """

    def sums(dim: int) -> float:
        return float(digamma((n - np.arange(1, dim + 1)) / 2).sum())

    return (sums(dim_x) + sums(dim_y) - sums(dim_x + dim_y)) / 2


@dataclass(frozen=True, eq=False)
class Elliptical:
    """Scores with a t distribution of this correlation matrix `(dim, dim)`; normal where `dof` is infinite."""

    correlation: Array
    dof: float = math.inf

    def scores(self, places: Array) -> Array:
        """Quantiles of each column's own distribution."""
        from scipy.special import ndtri, stdtrit

        if math.isinf(self.dof):
            return np.asarray(ndtri(places))
        different, where = np.unique(places, return_inverse=True)  # columns of one sample share most of their places
        return np.asarray(stdtrit(self.dof, different))[where].reshape(places.shape)

    def log_density(self, scores: Array, columns: slice) -> Array:
        """log density `(n,)` of scores that are these columns alone."""
        from scipy.linalg import solve_triangular

        root = np.linalg.cholesky(self.correlation[columns, columns])
        squares = (solve_triangular(root, scores.T, lower=True) ** 2).sum(axis=0)
        return np.asarray(self._radial(squares, len(root)) - np.log(np.diag(root)).sum())

    def log_margins(self, scores: Array) -> Array:
        """log density `(n, dim)` of each score alone."""
        return self._radial(scores**2, 1)

    def _radial(self, squares: Array, dim: int) -> Array:
        """log density of uncorrelated scores, from their squared lengths."""
        if math.isinf(self.dof):
            return np.asarray(-squares / 2 - dim / 2 * math.log(2 * math.pi))
        of_one = math.lgamma((self.dof + dim) / 2) - math.lgamma(self.dof / 2) - dim / 2 * math.log(self.dof * math.pi)
        return np.asarray(of_one - (self.dof + dim) / 2 * np.log1p(squares / self.dof))

    def information(self, dim_x: int) -> float:
        """I(X;Y) in nats of the first `dim_x` columns and the others: log-determinants, and what the divisor adds."""

        def logdet(columns: slice) -> float:
            return float(np.linalg.slogdet(self.correlation[columns, columns])[1])

        parts = slice(0, dim_x), slice(dim_x, None), slice(None)
        own_x, own_y, both = map(logdet, parts)
        return (own_x + own_y - both) / 2 + shared_divisor(self.dof, dim_x, len(self.correlation) - dim_x)

    def bias(self, n: int, dim_x: int) -> float:
        """By how much `information` of a fit to n rows exceeds the truth on average: `wishart_bias`, for a t spread.

        The maximum-likelihood shape of a t distribution in dim columns varies (ν + dim + 2) / (ν + dim) times as much
        as a normal's covariance (Tyler 1982, "Radial estimates and the test for sphericity", Biometrika 69), and the
        bias with it.
        """
        dim = len(self.correlation)
        wider = 1.0 if math.isinf(self.dof) else (self.dof + dim + 2) / (self.dof + dim)
        return wider * wishart_bias(n, dim_x, dim - dim_x)


def shared_divisor(dof: float, dim_x: int, dim_y: int) -> float:
    """What the common divisor of a t distribution adds to the mutual information, 0 for a normal.

    c(ν) + c(ν+dx+dy) − c(ν+dx) − c(ν+dy), from the entropy of the multivariate t, with
    c(m) = log Γ(m/2) − (m/2) ψ(m/2).
    """
    if math.isinf(dof):
        return 0.0

    def c(m: float) -> float:
        return math.lgamma(m / 2) - m / 2 * float(digamma(m / 2))

    return c(dof) + c(dof + dim_x + dim_y) - c(dof + dim_x) - c(dof + dim_y)


def normal_correlation(scores: Array) -> Array:
    """The correlation matrix of scores."""
    return _as_correlation(scores.T @ scores)


def student_correlation(scores: Array, dof: float, start: Array) -> Array:
    """The shape of a t distribution with known degrees of freedom that is likeliest for scores, as a correlation.

    By EM from `start`, in the form that divides by the sum of the weights, which has the same fixed point and gets
    there sooner (Kent, Tyler & Vardi 1994, "A curious likelihood identity for the multivariate t-distribution").
    """
    found, dim = start, scores.shape[1]
    for _ in range(MOST_STEPS):
        squares = (scores @ np.linalg.inv(found) * scores).sum(axis=1)
        weights = (dof + dim) / (dof + squares)
        before, found = found, _as_correlation((scores * weights[:, None]).T @ scores)
        if np.abs(found - before).max() < SETTLED:
            break
    return found


MOST_STEPS = 200
SETTLED = 1e-6
"""A correlation that moves by less has settled; sampling moves it by 1/√n."""


Softening = Literal["edge", "share"]


def softened(correlation: Array, dim_x: int, n: int, way: Softening) -> Array:
    """The same with canonical correlations of the two sides made smaller, for judging pairs that it was not fitted to.

    No value is read from it: its bias is far larger than the plug-in's. With a = dim_x / n and b = dim_y / n:

    * "edge", for few strong ones: independent sides have sample correlations ρ up to
      √(a + b − 2ab + 2 √(ab (1−a) (1−b))) (Wachter 1980); those below `ABOVE` times that become 0, and the square of
      each other one is lowered by a + b;
    * "share", for many weak ones, all of which may lie below that edge: independent sides have a sum of squares of
      dim_x · dim_y / (n − 1) in expectation, and all are multiplied by the share of Σρ² that is beyond it, as James &
      Stein (1961) shrink a mean of many coordinates.
    """
    dim_y = len(correlation) - dim_x
    x, y = np.linalg.cholesky(correlation[:dim_x, :dim_x]), np.linalg.cholesky(correlation[dim_x:, dim_x:])
    across = np.linalg.solve(y, np.linalg.solve(x, correlation[:dim_x, dim_x:]).T).T
    left, rho, right = np.linalg.svd(across, full_matrices=False)
    if way == "edge":
        a, b = dim_x / n, dim_y / n
        edge = a + b - 2 * a * b + 2 * math.sqrt(a * b * max(1 - a, 0) * max(1 - b, 0))
        kept = np.where(rho**2 > ABOVE**2 * edge, np.sqrt(np.maximum(rho**2 - a - b, 0)), 0)
    else:
        kept = rho * max(1 - dim_x * dim_y / (n - 1) / max(float((rho**2).sum()), 1e-30), 0)
    soft = correlation.copy()
    soft[:dim_x, dim_x:] = x @ (left * kept) @ right @ y.T
    soft[dim_x:, :dim_x] = soft[:dim_x, dim_x:].T
    return soft


ABOVE = 1.02


def _as_correlation(scatter: npt.NDArray[np.float64]) -> Array:
    sd = np.sqrt(np.diag(scatter))
    return np.asarray(scatter / np.outer(sd, sd))

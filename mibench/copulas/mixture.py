"""Mixtures of normals with full covariances, fitted by expectation-maximisation (Dempster, Laird & Rubin 1977)."""

import math
from dataclasses import dataclass

import numpy as np

from mibench.interface import Array

DRAWN = 2
"""Starts beside that from k-means."""

FIRST_STEPS = 10
"""Of each start, before the best goes on."""

MOST_STEPS = 100
SETTLED = 5e-5
"""Nats a row: a likelihood that rises by less in a step has settled."""

ROUNDS = 10
"""Of k-means, from which the first responsibilities come."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Normal scores with the density of K normals: weights `(K,)`, means `(K, dim)`, covariances `(K, dim, dim)`."""

    weights: Array
    means: Array
    covariances: Array

    def scores(self, places: Array) -> Array:
        """Normal scores."""
        from scipy.special import ndtri

        return np.asarray(ndtri(places))

    def log_density(self, scores: Array, columns: slice) -> Array:
        """log density `(n,)` of scores that are these columns alone."""
        return np.asarray(np.logaddexp.reduce(self.log_parts(scores, columns), axis=0))

    def log_parts(self, scores: Array, columns: slice) -> Array:
        """log of each component's weighted density of these columns, `(K, n)`."""
        from scipy.linalg import solve_triangular

        parts = np.empty((len(self.weights), len(scores)))
        for k, (weight, mean, covariance) in enumerate(zip(self.weights, self.means, self.covariances, strict=True)):
            root = np.linalg.cholesky(covariance[columns, columns])
            squares = (solve_triangular(root, (scores - mean[columns]).T, lower=True) ** 2).sum(axis=0)
            constant = math.log(weight) - np.log(np.diag(root)).sum() - len(root) / 2 * math.log(2 * math.pi)
            parts[k] = constant - squares / 2
        return parts

    def log_margins(self, scores: Array) -> Array:
        """log density `(n, dim)` of each normal score: of what the sample's ranks say, not of the fit."""
        return np.asarray(-(scores**2) / 2 - math.log(2 * math.pi) / 2)


def parameters(modes: int, dim: int) -> int:
    """Free parameters of a mixture in so many columns."""
    return modes * (1 + dim + dim * (dim + 1) // 2) - 1


def fit(scores: Array, modes: int, rng: np.random.Generator) -> Mixture:
    """The mixture of `modes` normals that is likeliest for scores `(n, dim)`, near the best of a few starts.

    To each covariance `dim + 2` rows are added that have the sample's own, of 1/K of its volume, which keeps a
    component of few rows from collapsing onto them (Fraley & Raftery 2007, "Bayesian regularization for normal mixture
    estimation and model-based clustering"); with one component it changes nothing.

    One start is k-means, which tells components apart by where they are; in the others each component begins as a few
    rows drawn at random, which tells apart those that differ in shape alone.
    """
    n, dim = scores.shape
    mean = scores.mean(axis=0)
    prior = (scores - mean).T @ (scores - mean) / n / modes ** (2 / dim)
    if modes == 1:
        return _likeliest(scores, np.ones((1, n)), prior)
    starts = [_nearest(scores, modes, rng), *(_drawn(n, modes, dim, rng) for _ in range(DRAWN))]
    tried = [_climbed(scores, _likeliest(scores, shares, prior), prior, FIRST_STEPS) for shares in starts]
    best, _ = max(tried, key=lambda found: found[1])
    return _climbed(scores, best, prior, MOST_STEPS)[0]


def _climbed(scores: Array, mixture: Mixture, prior: Array, steps: int) -> tuple[Mixture, float]:
    """The mixture after so many steps or when it has settled, and its log likelihood a row before the last of them."""
    before = -math.inf
    for _ in range(steps):
        parts = mixture.log_parts(scores, slice(None))
        rows = np.logaddexp.reduce(parts, axis=0)
        likelihood = float(rows.mean())
        if likelihood - before < SETTLED:
            break
        before, mixture = likelihood, _likeliest(scores, np.exp(parts - rows), prior)
    return mixture, before


def _likeliest(scores: Array, shares: Array, prior: Array) -> Mixture:
    """Weights, means and covariances, given each component's share `(K, n)` of each row."""
    dim = scores.shape[1]
    counts = shares.sum(axis=1) + 1e-9
    means = shares @ scores / counts[:, None]
    covariances = np.empty((len(shares), dim, dim))
    for k, share in enumerate(shares):
        centred = scores - means[k]
        covariances[k] = ((centred * share[:, None]).T @ centred + (dim + 2) * prior) / (counts[k] + dim + 2)
    return Mixture(counts / counts.sum(), means, covariances)


def _nearest(scores: Array, modes: int, rng: np.random.Generator) -> Array:
    """Each row whole to the nearest of `modes` centres, `(K, n)`: k-means from centres drawn far apart (k-means++)."""
    centres = scores[rng.integers(len(scores), size=1)]
    while len(centres) < modes:
        nearest = _distances(scores, centres).min(axis=0)
        centres = np.vstack([centres, scores[rng.choice(len(scores), p=nearest / nearest.sum())]])
    for _ in range(ROUNDS):
        shares = np.eye(modes)[:, _distances(scores, centres).argmin(axis=0)]
        counts = shares.sum(axis=1, keepdims=True)
        centres = np.where(counts > 0, shares @ scores / np.maximum(counts, 1), centres)
    return shares


def _drawn(n: int, modes: int, dim: int, rng: np.random.Generator) -> Array:
    """For each component the share `(K, n)` 1 of `dim + 2` rows of its own, 0 of all others."""
    shares = np.zeros((modes, n))
    rows = rng.permutation(n)[: modes * (dim + 2)]
    shares[np.arange(len(rows)) % modes, rows] = 1
    return shares


def _distances(scores: Array, centres: Array) -> Array:
    """Squared distances `(K, n)`, 0 at the least."""
    squares = (centres**2).sum(axis=1)[:, None] - 2 * centres @ scores.T + (scores**2).sum(axis=1)
    return np.asarray(np.maximum(squares, 0))

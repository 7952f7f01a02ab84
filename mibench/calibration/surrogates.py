"""Fresh draws of as many columns, for dependence that is spread over many directions: normals and mixtures of them."""

import math
from dataclasses import dataclass

import numpy as np

from mibench.calibration.features import root
from mibench.calibration.scores import Rows
from mibench.copulas import mixture
from mibench.copulas.elliptical import shared_divisor
from mibench.interface import Array


@dataclass(frozen=True, eq=False)
class Spread:
    """Normals with these correlations of canonical pairs, each side mixed by a matrix of its own.

    With `dof` both are divided by one √(χ² / dof). `bends` add to a column what a smooth function of another says of
    it, which can be undone, so that nothing is lost.
    """

    correlations: Array
    mix_x: Array
    mix_y: Array
    dof: float
    bends: tuple[tuple[int, int, int, float], ...]
    information: float

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """n pairs."""
        a, b = rng.normal(size=(n, len(self.mix_x))), rng.normal(size=(n, len(self.mix_y)))
        k = len(self.correlations)
        b[:, :k] = self.correlations * a[:, :k] + np.sqrt(1 - self.correlations**2) * b[:, :k]
        divisor = np.sqrt(rng.chisquare(self.dof, (n, 1)) / self.dof) if math.isfinite(self.dof) else 1.0
        drawn = a @ self.mix_x / divisor, b @ self.mix_y / divisor
        for side, moved, by, much in self.bends:
            z = drawn[side]
            z[:, moved] += much * np.tanh(z[:, by] ** 2 / 2 - 0.5)
        return drawn


def spread(x: Array, y: Array, correlations: Array, information: float, rng: np.random.Generator) -> Spread | None:
    """So much information over as many pairs as the sample has, shaped by its own correlations and by chance.

    None if a divisor alone brings more.
    """
    dim_x, dim_y = x.shape[1], y.shape[1]
    dof = 3 * math.exp(rng.uniform(0, 1.5)) if rng.random() < 0.5 else math.inf
    shared = shared_divisor(dof, dim_x, dim_y)
    if shared > information:
        return None
    pairs = min(dim_x, dim_y)
    own = -np.log1p(-(np.clip(correlations[:pairs], 0.02, 0.999) ** 2))
    own = np.pad(own, (0, pairs - len(own)), constant_values=1e-4)
    share = rng.dirichlet(np.full(pairs, 2.0)) if rng.random() < 0.4 else own ** rng.uniform(0.3, 1.5)
    parts = (information - shared) * share / share.sum()
    found = np.minimum(np.sqrt(-np.expm1(-2 * parts)), 1 - 1e-9)
    bends = []
    if rng.random() < 0.3:
        for side, dim in enumerate((dim_x, dim_y)):
            if dim > 1:
                moved, by = rng.choice(dim, 2, replace=False)
                bends.append((side, int(moved), int(by), float(rng.uniform(0.5, 2))))
    return Spread(found, _mix(x, rng), _mix(y, rng), dof, tuple(bends), information)


def _mix(z: Array, rng: np.random.Generator) -> Array:
    """A matrix that gives independent normals the sample's covariance, after any turn, or none at all."""
    dim = z.shape[1]
    whole = root(np.cov(z.T).reshape(dim, dim) * 0.98 + 0.02 * np.eye(dim))
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0] if rng.random() < 0.7 else np.eye(dim)
    return np.asarray(turn @ np.linalg.inv(whole))


LEVELS = np.linspace(0, 3, 13)
"""How often over the ties inside components are counted, on the scale of atanh."""

DRAWN = 3000
"""Pairs that an information is the mean over."""


@dataclass(frozen=True, eq=False)
class Tempered:
    """A mixture of normals, the ties of x and y inside its components made looser or tighter."""

    model: mixture.Mixture
    dim_x: int
    levels: Array
    informations: Array

    def at(self, information: float) -> "Components | None":
        """The one of so much information, None if there is none."""
        if not self.informations[0] <= information <= self.informations[-1]:
            return None
        level = float(np.interp(information, self.informations, self.levels))
        return Components(_tempered(self.model, self.dim_x, level), self.dim_x, information)


@dataclass(frozen=True, eq=False)
class Components:
    """A mixture of normals in x and y of known information."""

    model: mixture.Mixture
    dim_x: int
    information: float

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """n pairs."""
        drawn = _drawn(self.model, rng.choice(len(self.model.weights), n, p=self.model.weights), rng)
        return drawn[:, : self.dim_x], drawn[:, self.dim_x :]


def tempered(scores: Array, dim_x: int, modes: int, rng: np.random.Generator) -> Tempered:
    """The mixture fitted to scores of both sides, and what it tells at each level: the mean log ratio of draws."""
    model = mixture.fit(scores, modes, rng)
    informations, seed = [], int(rng.integers(2**63))
    for level in LEVELS:
        one = _tempered(model, dim_x, level)
        again = np.random.default_rng(seed)  # one set of draws for all levels, so that they rise smoothly
        drawn = _drawn(one, again.choice(len(one.weights), DRAWN, p=one.weights), again)
        parts = (slice(None), drawn), (slice(0, dim_x), drawn[:, :dim_x]), (slice(dim_x, None), drawn[:, dim_x:])
        both, own_x, own_y = (one.log_density(values, columns).mean() for columns, values in parts)
        informations.append(both - own_x - own_y)
    return Tempered(model, dim_x, LEVELS, np.maximum.accumulate(informations))


def _drawn(model: mixture.Mixture, of: Rows, rng: np.random.Generator) -> Array:
    roots = np.linalg.cholesky(model.covariances)
    noise = rng.normal(size=(len(of), model.means.shape[1]))
    return np.asarray(model.means[of] + np.einsum("nij,nj->ni", roots[of], noise))


def _tempered(model: mixture.Mixture, dim_x: int, level: float) -> mixture.Mixture:
    """Canonical correlations inside each component at `level` times their atanh."""
    covariances = model.covariances.copy()
    for one in covariances:
        left, right = np.linalg.cholesky(one[:dim_x, :dim_x]), np.linalg.cholesky(one[dim_x:, dim_x:])
        ties = np.linalg.solve(right, np.linalg.solve(left, one[:dim_x, dim_x:]).T).T
        u, own, v = np.linalg.svd(ties, full_matrices=False)
        own = np.tanh(level * np.arctanh(np.minimum(own, 0.9995)))
        one[:dim_x, dim_x:] = left @ (u * np.minimum(own, 0.9999)) @ v @ right.T
        one[dim_x:, :dim_x] = one[:dim_x, dim_x:].T
    return mixture.Mixture(model.weights, model.means, covariances)

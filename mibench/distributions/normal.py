"""Jointly normal variables: I(X;Y) = ½ log(|Σx| |Σy| / |Σxy|) (Cover & Thomas, Elements of Information Theory)."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.quadrature import root
from mibench.distributions.shapes import Square
from mibench.interface import Array

MOST = 15.0  # nats a pair: 1 − rho² is then 1e-13
REACH = f"beyond {MOST:g} nats a pair float64 cannot tell the correlation from 1"
BEYOND_NORMAL = "Czyż et al. 2023, arXiv:2306.11078"


def rho_of(mi: float) -> float:
    """The correlation of two normals with mutual information `mi`: sqrt(1 − exp(−2 mi))."""
    return math.sqrt(-math.expm1(-2 * mi))


@dataclass(frozen=True)
class CorrelatedNormal(Square):
    """`dim` independent pairs of standard normals, each with correlation rho = sqrt(1 − exp(−2 mi / dim)).

    I(X;Y) = −dim/2 · log(1 − rho²), so the target is met exactly at every dimension.
    """

    dim: int
    mi: float
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; Poole et al. 2019, arXiv:1905.06922"

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "mi", least=0, most=MOST * self.dim, why=REACH)

    @property
    def rho(self) -> float:
        """The correlation of each pair."""
        return rho_of(self.mi / self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.standard_normal((n, self.dim))
        noise = rng.standard_normal((n, self.dim))
        return x, self.rho * x + math.exp(-self.mi / self.dim) * noise

    def log_pmi(self, x: Array, y: Array) -> Array:
        residual = (y - self.rho * x) * math.exp(self.mi / self.dim)
        return np.asarray(self.mi + ((y**2 - residual**2) / 2).sum(axis=1))


@dataclass(frozen=True)
class SparseNormal(Square):
    """`pairs` correlated pairs of standard normals among `dim` × `dim` coordinates, the others independent.

    I(X;Y) = −pairs/2 · log(1 − rho²), whatever the dimension.
    """

    dim: int
    mi: float
    pairs: int = 2
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.count(self, "pairs", most=self.dim)
        fields.real(self, "mi", least=0, most=MOST * self.pairs, why=REACH)

    @property
    def correlated(self) -> CorrelatedNormal:
        """The coordinates that depend on each other."""
        return CorrelatedNormal(self.pairs, self.mi)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.correlated.sample(n, rng)
        shape = (n, self.dim - self.pairs)
        return np.hstack([x, rng.standard_normal(shape)]), np.hstack([y, rng.standard_normal(shape)])

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self.correlated.log_pmi(x[:, : self.pairs], y[:, : self.pairs])


def dense_mi(dim: int, r: float) -> float:
    """Mutual information of two halves of 2·dim standard normals that all have correlation r with each other.

    ½ [2 L(dim) − L(2 dim)], L(n) = (n − 1) log(1 − r) + log(1 + (n − 1) r) the log-determinant.
    """
    return (2 * math.log1p((dim - 1) * r) - math.log1p(-r) - math.log1p((2 * dim - 1) * r)) / 2


@dataclass(frozen=True)
class DenseNormal(Square):
    """2·dim standard normals, every two with one correlation r, solved from `mi` (see `dense_mi`).

    exp(2 mi) (1 − r) (1 + (2 dim − 1) r) = (1 + (dim − 1) r)² is quadratic in r.
    """

    dim: int
    mi: float
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "mi", least=0, most=MOST, why=REACH)

    @property
    def r_and_rest(self) -> tuple[float, float]:
        """r, and 1 − r without cancellation."""
        d, q = self.dim, math.exp(-2 * self.mi)
        slack = math.sqrt(-math.expm1(-2 * self.mi))
        scale = (d - 1) ** 2 * q + 2 * d - 1
        return ((d - 1) * slack**2 + d * slack) / scale, (d * (d - 1) * q + d * q / (1 + slack)) / scale

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        r, rest = self.r_and_rest
        shared = rng.standard_normal((n, 1))
        own = rng.standard_normal((n, 2 * self.dim))
        both = math.sqrt(r) * shared + math.sqrt(rest) * own
        return both[:, : self.dim].copy(), both[:, self.dim :].copy()

    def log_pmi(self, x: Array, y: Array) -> Array:
        r, rest = self.r_and_rest

        def form(z: Array) -> Array:
            """zᵀ Σ⁻¹ z by the Sherman-Morrison formula."""
            squares, total = (z**2).sum(axis=1), z.sum(axis=1)
            return np.asarray((squares - r / (1 + (z.shape[1] - 1) * r) * total**2) / rest)

        return np.asarray(self.mi + (form(x) + form(y) - form(np.hstack([x, y]))) / 2)


def latent_mi(dim: int, pairs: int, alpha: float, strength: float) -> float:
    """Mutual information of `LatentNormal`, by the determinant lemma in (x + y)/√2 and (x − y)/√2."""
    a, s = alpha**2, strength**2
    margin = dim * math.log1p(s) + math.log1p(dim * a / (1 + s))
    summed = pairs * math.log1p(2 * s) + (dim - pairs) * math.log1p(s)
    summed += math.log1p(2 * a * (pairs / (1 + 2 * s) + (dim - pairs) / (1 + s)))
    differed = (dim - pairs) * math.log1p(s)
    return (2 * margin - summed - differed) / 2


@dataclass(frozen=True)
class LatentNormal(Square):
    """One latent U seen by every coordinate, and Z_1 … Z_pairs seen by one coordinate of X and of Y each.

    X_i = alpha U + λ Z_i + E_i for i <= pairs, X_i = alpha U + λ V_i + E_i beyond; Y_i likewise with noise of its own
    and the same U and Z; then unit variance. λ is solved from `mi`; what `alpha` gives alone is the least there is.
    """

    dim: int
    mi: float
    alpha: float
    pairs: int
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.count(self, "pairs", most=self.dim)
        alpha = fields.real(self, "alpha", least=0)
        least = latent_mi(self.dim, self.pairs, alpha, 0.0)
        fields.real(self, "mi", least=least * (1 - 1e-12), why=f"alpha={alpha:g} alone gives that much")
        fields.real(self, "mi", most=max(least, MOST * self.pairs), why=REACH)

    @cached_property
    def strength(self) -> float:
        """λ, found to the last bit."""

        def excess(strength: float) -> float:
            return latent_mi(self.dim, self.pairs, self.alpha, strength) - self.mi

        if excess(0.0) >= 0:
            return 0.0
        high = 1.0
        while excess(high) < 0:
            high *= 2
        return root(excess, 0.0, high)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        u = rng.standard_normal((n, 1))
        z = rng.standard_normal((n, self.dim))
        e, f = rng.standard_normal((n, self.dim)), rng.standard_normal((n, self.dim))
        own = z.copy()
        own[:, self.pairs :] = rng.standard_normal((n, self.dim - self.pairs))
        scale = math.sqrt(self.alpha**2 + self.strength**2 + 1)
        shared = self.alpha * u
        return (shared + self.strength * z + e) / scale, (shared + self.strength * own + f) / scale

    def log_pmi(self, x: Array, y: Array) -> Array:
        a, s, d = self.alpha**2, self.strength**2, self.dim
        scale = 1 + a + s
        margin = (a * np.ones((d, d)) + (1 + s) * np.eye(d)) / scale
        cross = (a * np.ones((d, d)) + np.diag(np.where(np.arange(d) < self.pairs, s, 0.0))) / scale

        def form(z: Array, covariance: Array) -> Array:
            return np.asarray((z * np.linalg.solve(covariance, z.T).T).sum(axis=1))

        joint = form((x + y) / math.sqrt(2), margin + cross) + form((x - y) / math.sqrt(2), margin - cross)
        return np.asarray(self.mi + (form(x, margin) + form(y, margin) - joint) / 2)

"""Multivariate Student-t: dependent even where its dispersion is the identity, through the common χ² divisor."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.normal import BEYOND_NORMAL, MOST, REACH, SparseNormal, rho_of
from mibench.distributions.quadrature import digamma
from mibench.distributions.shapes import Square
from mibench.interface import Array


def shared_divisor_mi(dim_x: int, dim_y: int, dof: float) -> float:
    """What the common divisor adds to the normal's mutual information: c(ν) + c(ν+dx+dy) − c(ν+dx) − c(ν+dy).

    c(m) = log Γ(m/2) − (m/2) ψ(m/2), from the entropy of the multivariate t.
    """

    def c(m: float) -> float:
        return math.lgamma(m / 2) - m / 2 * digamma(m / 2)

    return c(dof) + c(dof + dim_x + dim_y) - c(dof + dim_x) - c(dof + dim_y)


@dataclass(frozen=True)
class StudentT(Square):
    """Normals divided by one √(χ²_dof / dof): `pairs` pairs have correlation `rho` in the dispersion matrix.

    I(X;Y) = −pairs/2 · log(1 − rho²) + what the common divisor adds (`shared_divisor_mi`).
    """

    dim: int
    dof: float
    rho: float = 0.0
    pairs: int = 1
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "dof", above=0)
        fields.real(self, "rho", least=0, most=0.999999, why="at 1 the mutual information is infinite")
        fields.count(self, "pairs", most=self.dim)

    @property
    def normal(self) -> SparseNormal:
        """The numerator."""
        return SparseNormal(self.dim, -self.pairs / 2 * math.log1p(-(self.rho**2)), self.pairs)

    @cached_property
    def mi(self) -> float:
        return self.normal.mi + shared_divisor_mi(self.dim, self.dim, self.dof)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.normal.sample(n, rng)
        divisor = np.sqrt(rng.chisquare(self.dof, (n, 1)) / self.dof)
        return x / divisor, y / divisor

    def log_pmi(self, x: Array, y: Array) -> Array:
        dx, dy, dof = self.dim_x, self.dim_y, self.dof
        qx, qy = (x**2).sum(axis=1), (y**2).sum(axis=1)
        q = qx + qy - 2 * (self.normal.log_pmi(x, y) - self.normal.mi)
        constant = math.lgamma(dof / 2) + math.lgamma((dof + dx + dy) / 2)
        constant -= math.lgamma((dof + dx) / 2) + math.lgamma((dof + dy) / 2)
        kernel = (dof + dx) * np.log1p(qx / dof) + (dof + dy) * np.log1p(qy / dof)
        kernel -= (dof + dx + dy) * np.log1p(q / dof)
        return np.asarray(self.normal.mi + constant + kernel / 2)


@dataclass(frozen=True)
class StudentTAt(Square):
    """`StudentT` with `dim` pairs, their correlation chosen so that I(X;Y) = mi."""

    dim: int
    mi: float
    dof: float
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "dof", above=0)
        least = shared_divisor_mi(self.dim, self.dim, self.dof)
        fields.real(self, "mi", least=least, why=f"uncorrelated, dim={self.dim} and dof={self.dof:g} give that much")
        fields.real(self, "mi", most=least + MOST * self.dim, why=REACH)

    @cached_property
    def solved(self) -> StudentT:
        """The task with the correlation found."""
        normal = self.mi - shared_divisor_mi(self.dim, self.dim, self.dof)
        return StudentT(self.dim, self.dof, rho_of(normal / self.dim), self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        return self.solved.sample(n, rng)

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self.solved.log_pmi(x, y)

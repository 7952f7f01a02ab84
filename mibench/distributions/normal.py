"""Jointly normal variables: I(X;Y) = ½ log(|Σx| |Σy| / |Σxy|) (Cover & Thomas, Elements of Information Theory)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.interface import Array


@dataclass(frozen=True)
class CorrelatedNormal:
    """`dim` independent pairs of standard normals, each with correlation rho = sqrt(1 − exp(−2 mi / dim)).

    I(X;Y) = −dim/2 · log(1 − rho²), so the target is met exactly at every dimension.
    """

    dim: int
    mi: float
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062; Poole et al. 2019, arXiv:1905.06922"

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "mi", least=0)

    @property
    def rho(self) -> float:
        """The correlation of each pair."""
        return math.sqrt(-math.expm1(-2 * self.mi / self.dim))

    @property
    def dim_x(self) -> int:
        return self.dim

    @property
    def dim_y(self) -> int:
        return self.dim

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.standard_normal((n, self.dim))
        noise = rng.standard_normal((n, self.dim))
        return x, self.rho * x + math.exp(-self.mi / self.dim) * noise

    def log_pmi(self, x: Array, y: Array) -> Array:
        residual = (y - self.rho * x) * math.exp(self.mi / self.dim)
        return np.asarray(self.mi + ((y**2 - residual**2) / 2).sum(axis=1))

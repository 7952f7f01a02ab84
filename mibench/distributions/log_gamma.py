"""The log-gamma–exponential distribution: an exponential whose rate is a gamma, both in logarithms."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.quadrature import digamma, root
from mibench.distributions.shapes import Square
from mibench.interface import Array


def log_gamma_mi(shape: float) -> float:
    """I(X;Y) of one coordinate: ψ(r) + 1/r − log r, where ψ(r) + 1/r = ψ(r + 1)."""
    return digamma(shape + 1) - math.log(shape)


@dataclass(frozen=True)
class LogGammaExponential(Square):
    """X = log G and Y = log E − X in each of `dim` coordinates, G ~ Gamma(r), E ~ Exp(1); r solved from `mi`.

    I(X;Y) = dim · (ψ(r) + 1/r − log r).
    """

    dim: int
    mi: float
    source: ClassVar[str] = "mutinfo, github.com/VanessB/mutinfo"

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "mi", least=1e-9 * self.dim, most=30.0 * self.dim, why="where r can be solved in float64")

    @cached_property
    def shape(self) -> float:
        """r, the shape of the gamma."""
        target = self.mi / self.dim
        return math.exp(root(lambda log_r: log_gamma_mi(math.exp(log_r)) - target, -40.0, 40.0))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        size = (n, self.dim)
        # Gamma(r) = Gamma(r + 1) · U^(1/r): its logarithm does not underflow where r is small.
        x = np.log(rng.standard_gamma(self.shape + 1, size)) - rng.standard_exponential(size) / self.shape
        return x, np.log(rng.standard_exponential(size)) - x

    def log_pmi(self, x: Array, y: Array) -> Array:
        r = self.shape
        with np.errstate(over="ignore"):  # a pair that cannot be: its pmi is −inf
            conditional = (x + y) - np.exp(x + y)
        marginal = math.log(r) + y - (r + 1) * np.logaddexp(0, y)
        return np.asarray((conditional - marginal).sum(axis=1))

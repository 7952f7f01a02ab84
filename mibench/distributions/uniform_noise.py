"""A uniform seen through uniform noise."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.normal import BEYOND_NORMAL
from mibench.distributions.quadrature import root
from mibench.distributions.shapes import Square
from mibench.interface import Array


def uniform_noise_mi(epsilon: float) -> float:
    """I(X; X + N), X ~ U(0, 1), N ~ U(−ε, ε): ε − log 2ε for ε <= ½, else 1/4ε."""
    return 1 / (4 * epsilon) if epsilon > 0.5 else epsilon - math.log(2 * epsilon)


@dataclass(frozen=True)
class UniformNoise(Square):
    """Y = X + N in each of `dim` coordinates, X ~ U(0, 1) and N ~ U(−ε, ε), ε solved from `mi` (`uniform_noise_mi`)."""

    dim: int
    mi: float
    source: ClassVar[str] = BEYOND_NORMAL

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "mi", above=0, most=30.0 * self.dim, why="0 needs endless noise; beyond, float64 ends")

    @cached_property
    def epsilon(self) -> float:
        """Half the width of the noise."""
        mi = self.mi / self.dim
        if mi < 0.5:
            return 1 / (4 * mi)
        return root(lambda epsilon: uniform_noise_mi(epsilon) - mi, math.exp(-mi) / 2, 0.5)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.random((n, self.dim))
        return x, x + self.epsilon * rng.uniform(-1, 1, (n, self.dim))

    def log_pmi(self, x: Array, y: Array) -> Array:
        reach = np.minimum(1, y + self.epsilon) - np.maximum(0, y - self.epsilon)
        inside = np.abs(y - x) <= self.epsilon
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(inside, -np.log(reach), -np.inf).sum(axis=1))

"""A function of a uniform variable, seen through normal noise: Y = f(X) + sigma·noise."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.quadrature import panels, root
from mibench.distributions.shapes import Square
from mibench.interface import Array

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "cubic": lambda x: x**3,
    "sin": np.sin,
    "sin2pi": lambda x: np.sin(2 * np.pi * x),
}

# An increasing function with the same law when X ~ U(-1, 1): the quadrature then knows which nodes matter to which y.
# sin 2πX runs twice through the circle, and the sine of a uniform angle has the law of sin(πX/2).
INCREASING = FUNCTIONS | {"sin2pi": lambda x: np.sin(np.pi * x / 2)}
STEEPEST = {"linear": 1.0, "cubic": 3.0, "sin": 1.0, "sin2pi": math.pi / 2}

REACH = 12.0  # standard deviations of noise beyond which its density is below 1e-31


def noisy_density(f: str, sigma: float, y: Array) -> Array:
    """The density of f(X) + sigma·noise at each y, X ~ U(-1, 1)."""
    x, weight = panels(-1, 1, 2 * sigma / STEEPEST[f])
    z = INCREASING[f](x)
    order = np.argsort(y)
    density = np.empty_like(y)
    for chunk in np.array_split(order, max(1, len(y) // 256)):
        if len(chunk) == 0:
            continue
        first = np.searchsorted(z, y[chunk[0]] - REACH * sigma)
        last = np.searchsorted(z, y[chunk[-1]] + REACH * sigma)
        # Far outside the range of f only its nearest end counts; keep it, so that the density does not vanish.
        near = slice(min(first, len(z) - 256) if len(z) > 256 else 0, max(last, 256))
        kernel = np.exp(-(((y[chunk, None] - z[near]) / sigma) ** 2) / 2)
        density[chunk] = kernel @ weight[near]
    return density / (2 * sigma * math.sqrt(2 * math.pi))


def noisy_function_mi(f: str, sigma: float) -> float:
    """h(Y) − h(sigma·noise) by Gauss-Legendre quadrature, one dimension, in nats."""
    ends = INCREASING[f](np.array([-1.0, 1.0]))
    y, weight = panels(ends[0] - REACH * sigma, ends[1] + REACH * sigma, sigma)
    p = noisy_density(f, sigma, y)
    entropy = -float(weight @ (p * np.log(p, where=p > 0, out=np.zeros_like(p))))
    return entropy - math.log(sigma) - math.log(2 * math.pi * math.e) / 2


@dataclass(frozen=True)
class NoisyFunction(Square):
    """Y = f(X) + sigma·noise in each of `dim` independent coordinates, X ~ U(−1, 1), noise ~ N(0, 1).

    I(X;Y) = dim · (h(f(X) + sigma·noise) − h(sigma·noise)), the first entropy by quadrature.
    """

    f: str
    sigma: float
    dim: int = 1
    source: ClassVar[str] = "Belghazi et al. 2018, arXiv:1801.04062"

    def __post_init__(self) -> None:
        fields.choice(self, "f", tuple(FUNCTIONS))
        fields.real(self, "sigma", least=1e-3, why="without noise the mutual information is infinite")
        fields.count(self, "dim")

    @cached_property
    def mi(self) -> float:
        return self.dim * noisy_function_mi(self.f, self.sigma)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.uniform(-1, 1, (n, self.dim))
        return x, FUNCTIONS[self.f](x) + self.sigma * rng.standard_normal((n, self.dim))

    def log_pmi(self, x: Array, y: Array) -> Array:
        log_noise = -(((y - FUNCTIONS[self.f](x)) / self.sigma) ** 2) / 2
        log_noise -= math.log(self.sigma * math.sqrt(2 * math.pi))
        log_density = np.log(noisy_density(self.f, self.sigma, y.ravel())).reshape(y.shape)
        return np.asarray((log_noise - log_density).sum(axis=1))


@dataclass(frozen=True)
class NoisyFunctionAt(Square):
    """`NoisyFunction` with the noise chosen so that I(X;Y) = mi, by root finding on the quadrature."""

    f: str
    mi: float
    dim: int = 1
    source: ClassVar[str] = NoisyFunction.source

    def __post_init__(self) -> None:
        fields.choice(self, "f", tuple(FUNCTIONS))
        fields.count(self, "dim")
        fields.real(self, "mi", least=1e-6 * self.dim, most=5.0 * self.dim, why="noise between 0.001 and 1000")

    @cached_property
    def solved(self) -> NoisyFunction:
        """The task with the noise at which one coordinate has mi / dim."""

        def excess(log_sigma: float) -> float:
            return noisy_function_mi(self.f, math.exp(log_sigma)) - self.mi / self.dim

        log_sigma = root(excess, math.log(1e-3), math.log(1e3))
        return NoisyFunction(self.f, math.exp(log_sigma), self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        return self.solved.sample(n, rng)

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self.solved.log_pmi(x, y)

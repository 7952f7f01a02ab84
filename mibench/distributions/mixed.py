"""Neither discrete nor continuous: counts of a hidden rate, atoms among normals, a channel that sometimes fails."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.discrete import GAO, MOST, MUTINFO, channel_mi, labels_of_entropy
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.quadrature import entropy, panels
from mibench.distributions.shapes import OneByOne
from mibench.interface import Array

LOG_FACTORIALS = np.array([math.lgamma(k + 1) for k in range(400)])


@dataclass(frozen=True)
class ZeroInflatedPoisson(OneByOne):
    """X ~ Exp(1), Y ~ Poisson(X), but 0 with probability p.

    P(Y = 0) = p + (1 − p)/2 and P(Y = k) = (1 − p) 2^−(k+1); I(X;Y) = H(Y) − E H(Y|X), the second by quadrature. The
    closed form printed with the task, (1 − p)(2 log 2 − γ − Σ log k / 2^k), takes an inflated zero to be told from a
    Poisson zero and holds at p = 0 only.
    """

    p: float
    source: ClassVar[str] = GAO
    mi_error: ClassVar[float] = 1e-11

    def __post_init__(self) -> None:
        fields.real(self, "p", least=0, most=1)

    def _given(self, x: Array) -> Array:
        """P(Y = k | x), one row an x, one column a k."""
        k = np.arange(len(LOG_FACTORIALS))
        log_x = np.log(np.maximum(x, 1e-300))
        poisson = np.exp(k * log_x[:, None] - x[:, None] - LOG_FACTORIALS)
        return np.asarray((1 - self.p) * poisson + self.p * (k == 0))

    @cached_property
    def mi(self) -> float:
        # x = t²: the entropy of a Poisson starts like −x log x, which a polynomial rule follows badly.
        t, weight = panels(0, math.sqrt(45), 0.05)
        given = self._given(t**2)
        rows = -np.sum(given * np.log(given, where=given > 0, out=np.zeros_like(given)), axis=1)
        k = np.arange(1000)
        marginal = (1 - self.p) * 0.5 ** (k + 1) + self.p * (k == 0)
        return entropy(marginal) - float((weight * 2 * t * np.exp(-(t**2))) @ rows)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.standard_exponential((n, 1))
        return x, np.where(rng.random((n, 1)) < self.p, 0, rng.poisson(x)).astype(float)

    def log_pmi(self, x: Array, y: Array) -> Array:
        k = np.rint(y[:, 0]).astype(int)
        with np.errstate(divide="ignore"):
            poisson = k * np.log(x[:, 0]) - x[:, 0] - LOG_FACTORIALS[k] + np.log1p(-self.p)
            given = np.where(k == 0, np.logaddexp(poisson, np.log(self.p)), poisson)
            marginal = np.log((1 - self.p) * 0.5 ** (k + 1.0) + self.p * (k == 0))
        return np.asarray(given - marginal)


@dataclass(frozen=True)
class NormalOrSigns(OneByOne):
    """Half the rows are normals with correlation `rho`; the others two signs ±1 that agree with probability `agree`.

    Which half a row is from shows in X and in Y, so I(X;Y) = log 2 + ½ I(normals) + ½ I(signs).
    """

    rho: float = 0.9
    agree: float = 0.9
    source: ClassVar[str] = GAO

    def __post_init__(self) -> None:
        fields.real(self, "rho", least=0, most=0.999999, why="at 1 the mutual information is infinite")
        fields.real(self, "agree", least=0, most=1)

    @property
    def normal(self) -> CorrelatedNormal:
        """The rows that are normal."""
        return CorrelatedNormal(1, -math.log1p(-(self.rho**2)) / 2)

    @property
    def mi(self) -> float:
        return math.log(2) + self.normal.mi / 2 + channel_mi(2, self.agree) / 2

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.normal.sample(n, rng)
        sign = 2.0 * rng.integers(0, 2, (n, 1)) - 1
        other = np.where(rng.random((n, 1)) < self.agree, sign, -sign)
        discrete = rng.random((n, 1)) < 0.5
        return np.where(discrete, sign, x), np.where(discrete, other, y)

    def log_pmi(self, x: Array, y: Array) -> Array:
        sign_x, sign_y = np.abs(x[:, 0]) == 1, np.abs(y[:, 0]) == 1
        with np.errstate(divide="ignore"):
            same, other = np.log(2 * np.array([self.agree, 1 - self.agree]))
        signs = np.where(x[:, 0] == y[:, 0], same, other)
        pmi = math.log(2) + np.where(sign_x, signs, self.normal.log_pmi(x, y))
        return np.asarray(np.where(sign_x == sign_y, pmi, -np.inf))


@dataclass(frozen=True)
class RareEventChannel(OneByOne):
    """A noiseless channel of labels, each label spread to a uniform on its interval, that fails with probability q.

    A failure is an interval of its own, seen in X and in Y, so I(X;Y) = H(q) + (1 − q) H(label), which is `mi`.
    """

    mi: float
    q: float = 0.5
    source: ClassVar[str] = MUTINFO

    def __post_init__(self) -> None:
        q = fields.real(self, "q", least=0, below=1)
        least = entropy(np.array([q, 1 - q]))
        most = least + (1 - q) * MOST
        fields.real(self, "mi", least=least, most=most, why=f"H(q={q:g}) is always told")

    @cached_property
    def probabilities(self) -> Array:
        """Of the failure, then of the labels."""
        told = self.mi - entropy(np.array([self.q, 1 - self.q]))
        return np.append(self.q, (1 - self.q) * labels_of_entropy(max(told, 0.0) / (1 - self.q)))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        block = rng.choice(len(self.probabilities), (n, 1), p=self.probabilities)
        return block + rng.random((n, 1)), block + rng.random((n, 1))

    def log_pmi(self, x: Array, y: Array) -> Array:
        block_x, block_y = np.floor(x[:, 0]), np.floor(y[:, 0])
        with np.errstate(divide="ignore"):
            same = -np.log(self.probabilities[block_x.astype(int)])
        return np.asarray(np.where(block_x == block_y, same, -np.inf))

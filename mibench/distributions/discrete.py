"""Labels and channels: X, Y or both are discrete, and mutual information is a matter of entropies of labels.

Pointwise information rounds a label to the nearest whole number, so that a label that was turned and turned back by a
map is still itself.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.quadrature import entropy, root
from mibench.distributions.shapes import OneByOne, Square
from mibench.interface import Array

GAO = "Gao et al. 2017, arXiv:1709.06212"
MUTINFO = "mutinfo, github.com/VanessB/mutinfo"
MOST = 14.0  # e^14 is a million labels


def labels_of_entropy(target: float) -> Array:
    """Probabilities of ⌈e^H⌉ labels, all equal but the last, whose entropy is H = `target`."""
    m = max(1, math.ceil(math.exp(target) - 1e-12))
    if m == 1:
        return np.ones(1)

    def probabilities(last: float) -> Array:
        return np.append(np.full(m - 1, (1 - last) / (m - 1)), last)

    excess = entropy(probabilities(1 / m)) - target
    last = 1 / m if excess <= 0 else root(lambda p: entropy(probabilities(p)) - target, 0.0, 1 / m)
    return probabilities(last)


def channel_mi(labels: int, kept: float) -> float:
    """I(X;Y) of a symmetric channel with uniform input: log m + s log s + (1 − s) log((1 − s)/(m − 1)), s = `kept`."""
    if labels == 1:
        return 0.0
    lost = 1 - kept
    stay = kept * math.log(kept) if kept > 0 else 0.0
    go = lost * math.log(lost / (labels - 1)) if lost > 0 else 0.0
    return math.log(labels) + stay + go


@dataclass(frozen=True)
class SymmetricChannel(Square):
    """X uniform on `labels` labels, Y = X with probability s, else one of the others; `dim` such coordinates.

    I(X;Y) = dim · (log m + s log s + (1 − s) log((1 − s)/(m − 1))), s solved from `mi`.
    """

    dim: int
    mi: float
    labels: int = 2
    source: ClassVar[str] = "Cover & Thomas, Elements of Information Theory; " + MUTINFO

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.count(self, "labels", least=2)
        most = self.dim * math.log(self.labels)
        fields.real(self, "mi", least=0, most=most, why=f"{self.dim} × log {self.labels} is all there is to tell")

    @cached_property
    def kept(self) -> float:
        """s, the probability that a label comes through."""
        target = self.mi / self.dim
        if target <= 0 or target >= math.log(self.labels):
            return 1 / self.labels if target <= 0 else 1.0
        # In −log(1 − s), for the sake of channels that lose one label in a million.
        least = -math.log1p(-1 / self.labels)
        return -math.expm1(-root(lambda t: channel_mi(self.labels, -math.expm1(-t)) - target, least, 40.0))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.integers(0, self.labels, (n, self.dim))
        shift = rng.integers(1, self.labels, (n, self.dim))
        y = np.where(rng.random((n, self.dim)) < self.kept, x, (x + shift) % self.labels)
        return x.astype(float), y.astype(float)

    def log_pmi(self, x: Array, y: Array) -> Array:
        with np.errstate(divide="ignore"):
            same, other = np.log(self.labels * np.array([self.kept, (1 - self.kept) / (self.labels - 1)]))
        return np.asarray(np.where(np.rint(x) == np.rint(y), same, other).sum(axis=1))


@dataclass(frozen=True)
class NoiselessChannel(OneByOne):
    """Y = X, ⌈e^mi⌉ labels, all but the last equally likely: I(X;Y) = H(X) = mi."""

    mi: float
    source: ClassVar[str] = MUTINFO

    def __post_init__(self) -> None:
        fields.real(self, "mi", above=0, most=MOST)

    @cached_property
    def probabilities(self) -> Array:
        """Of the labels 0, 1, …"""
        return labels_of_entropy(self.mi)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        label = rng.choice(len(self.probabilities), (n, 1), p=self.probabilities).astype(float)
        return label, label.copy()

    def log_pmi(self, x: Array, y: Array) -> Array:
        label = np.rint(x[:, 0]).astype(int)
        return np.asarray(np.where(label == np.rint(y[:, 0]), -np.log(self.probabilities[label]), -np.inf))


@dataclass(frozen=True)
class QuantisedUniform(OneByOne):
    """X ~ U(0, 1), Y the number of the interval it falls in: I(X;Y) = H(Y) = mi, ⌈e^mi⌉ intervals."""

    mi: float
    source: ClassVar[str] = MUTINFO

    def __post_init__(self) -> None:
        fields.real(self, "mi", above=0, most=MOST)

    @cached_property
    def probabilities(self) -> Array:
        """The lengths of the intervals."""
        return labels_of_entropy(self.mi)

    def _label(self, x: Array) -> Array:
        return np.searchsorted(np.cumsum(self.probabilities)[:-1], x, side="right").astype(float)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.random((n, 1))
        return x, self._label(x)

    def log_pmi(self, x: Array, y: Array) -> Array:
        label = np.rint(y[:, 0]).astype(int)
        return np.asarray(np.where(self._label(x[:, 0]) == label, -np.log(self.probabilities[label]), -np.inf))


def smoothed_label_mi(labels: int, width: float) -> float:
    """I(X; X + U(0, w)), X uniform on 0 … m − 1: h(Y) − log w, Y having a density with 2m steps."""
    edges = np.sort(np.concatenate([np.arange(labels), np.arange(labels) + width]))
    middle = (edges[:-1] + edges[1:]) / 2
    height = (np.minimum(np.floor(middle), labels - 1) - np.maximum(np.ceil(middle - width), 0) + 1) / (labels * width)
    inside = height > 0
    h = -float(np.sum((np.diff(edges) * height * np.log(height, where=inside, out=np.zeros_like(height)))[inside]))
    return h - math.log(width)


@dataclass(frozen=True)
class SmoothedLabels(OneByOne):
    """X uniform on 0 … `labels` − 1 and Y = X + U(0, w): discrete against continuous, w solved from `mi`.

    At w = 2 it is the task of Gao et al. 2017, and I(X;Y) = log m − (m − 1)/m · log 2.
    """

    labels: int
    mi: float
    source: ClassVar[str] = GAO

    def __post_init__(self) -> None:
        fields.count(self, "labels", least=2, most=10**6)
        most = math.log(self.labels)
        fields.real(self, "mi", above=0, most=most, why=f"log {self.labels} is all that X has to tell")

    @cached_property
    def width(self) -> float:
        """w; 1 where the labels do not overlap at all."""
        if self.mi >= math.log(self.labels) * (1 - 1e-15):
            return 1.0
        high = 2.0
        while smoothed_label_mi(self.labels, high) > self.mi:
            high *= 2
        return root(lambda width: self.mi - smoothed_label_mi(self.labels, width), 1.0, high)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.integers(0, self.labels, (n, 1)).astype(float)
        return x, x + self.width * rng.random((n, 1))

    def log_pmi(self, x: Array, y: Array) -> Array:
        gap = (y - np.rint(x))[:, 0]
        near = np.minimum(np.floor(y), self.labels - 1) - np.maximum(np.ceil(y - self.width), 0) + 1
        inside = (gap >= 0) & (gap <= self.width)
        return np.asarray(np.where(inside, np.log(self.labels / np.maximum(near[:, 0], 1)), -np.inf))

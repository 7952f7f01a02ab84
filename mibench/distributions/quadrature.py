"""Integrals and inverses of one variable, without scipy, so that a task can be built with numpy alone."""

import math
from collections.abc import Callable

import numpy as np

from mibench.interface import Array


def panels(low: float, high: float, width: float, nodes: int = 16) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on panels no wider than `width`."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    edges = np.linspace(low, high, math.ceil((high - low) / width) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that changes sign once between `low` and `high` does, to the last bit (bisection).

    An end where rounding spoils the sign is found as well: the function's direction decides, not the sign.
    """
    rising = function(high) > function(low)
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        if (function(middle) > 0) == rising:
            high = middle
        else:
            low = middle


def digamma(z: float) -> float:
    """ψ(z) for z > 0: the recurrence up to 16, then the asymptotic series (DLMF 5.5.2 and 5.11.2)."""
    below = 0.0
    while z < 16:
        below -= 1 / z
        z += 1
    w = 1 / (z * z)
    series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * 691 / 32760)))))
    return below + math.log(z) - 1 / (2 * z) - series


def entropy(probabilities: Array) -> float:
    """−Σ p log p in nats, 0 log 0 = 0."""
    p = probabilities[probabilities > 0]
    return -float(np.sum(p * np.log(p)))


def log_mean_exp(a: Array, weights: Array | None = None) -> Array:
    """log Σ_j w_j exp(a_ij) over the last axis, equal weights if none are given."""
    top = a.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    shifted = np.exp(a - top)
    mean = shifted.mean(axis=-1) if weights is None else shifted @ weights
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mean) + top[..., 0])

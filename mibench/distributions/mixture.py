"""Mixtures of normals, and normal pairs some of which are broken."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mibench.distributions import fields
from mibench.distributions.normal import SparseNormal
from mibench.distributions.quadrature import log_mean_exp, panels
from mibench.distributions.shapes import Square
from mibench.interface import Array

FINE_DISTRIBUTIONS = "Czyż et al. 2025, arXiv:2310.10240"
VECTOR_COPULAS = "Chen et al. 2025, github.com/cyz-ai/neural-MI-estimate-clean"


@dataclass(frozen=True)
class PlaneMixture:
    """(X, Y) in the plane is one of several normals, drawn with `weights`.

    `means` are (x, y); `covariances` are (variance of x, covariance, variance of y). I(X;Y) is the integral of
    p log(p / p_x p_y) by the trapezoid rule, which converges faster than any power of its step on such a density.
    """

    weights: tuple[float, ...]
    means: tuple[tuple[float, float], ...]
    covariances: tuple[tuple[float, float, float], ...]
    source: ClassVar[str] = FINE_DISTRIBUTIONS

    def __post_init__(self) -> None:
        if not self.weights or not len(self.weights) == len(self.means) == len(self.covariances):
            raise ValueError("PlaneMixture: weights, means and covariances must be equally many, and at least one")
        k = len(self.weights)
        if np.shape(self.means) != (k, 2) or np.shape(self.covariances) != (k, 3):
            raise ValueError("PlaneMixture: a mean is (x, y), a covariance (variance of x, covariance, variance of y)")
        if not all(np.isfinite(numbers).all() for numbers in (self.weights, self.means, self.covariances)):
            raise ValueError("PlaneMixture: weights, means and covariances must be finite")
        if min(self.weights) <= 0 or abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError(f"PlaneMixture: weights={self.weights} must be positive and sum to 1")
        for xx, xy, yy in self.covariances:
            if min(xx, yy) <= 0 or xy**2 >= xx * yy:
                raise ValueError(f"PlaneMixture: covariance {(xx, xy, yy)} is not positive definite")

    @property
    def dim_x(self) -> int:
        return 1

    @property
    def dim_y(self) -> int:
        return 1

    @property
    def _columns(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """Weights, mean of x, mean of y, variance of x, covariance, variance of y, over components."""
        mean_x, mean_y = np.array(self.means).T
        xx, xy, yy = np.array(self.covariances).T
        return np.array(self.weights) / sum(self.weights), mean_x, mean_y, xx, xy, yy

    @cached_property
    def mi(self) -> float:
        return self._trapezoid(0.15)

    mi_error: ClassVar[float] = 1e-11

    def _trapezoid(self, step: float) -> float:
        """The integral on a grid with `step` in standard deviations of the narrowest component."""
        w, mean_x, mean_y, xx, xy, yy = self._columns
        step *= float(np.sqrt((xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)).min())
        ends = [(m - 8.5 * np.sqrt(v), m + 8.5 * np.sqrt(v)) for m, v in ((mean_x, xx), (mean_y, yy))]
        x, y = (np.arange(low.min(), high.max() + step, step) for low, high in ends)
        log_x, log_y = self._log_margins(x, y)
        total = 0.0
        for rows in np.array_split(np.arange(len(x)), max(1, len(x) * len(y) // 100_000)):
            joint = np.zeros((len(rows), len(y)))
            for j in range(len(w)):
                a = (x[rows] - mean_x[j]) / math.sqrt(xx[j])
                rest = yy[j] - xy[j] ** 2 / xx[j]
                b = (y - mean_y[j] - xy[j] / math.sqrt(xx[j]) * a[:, None]) / math.sqrt(rest)
                joint += np.exp(-(a[:, None] ** 2 + b**2) / 2) * (w[j] / (2 * math.pi * math.sqrt(xx[j] * rest)))
            log_joint = np.log(joint, where=joint > 0, out=np.zeros_like(joint))
            total += float(np.sum(joint * (log_joint - log_x[rows, None] - log_y)))
        return total * step**2

    def _log_margins(self, x: Array, y: Array) -> tuple[Array, Array]:
        w, mean_x, mean_y, xx, _, yy = self._columns
        log_x = log_mean_exp(-((x[:, None] - mean_x) ** 2) / (2 * xx), w / np.sqrt(2 * math.pi * xx))
        log_y = log_mean_exp(-((y[:, None] - mean_y) ** 2) / (2 * yy), w / np.sqrt(2 * math.pi * yy))
        return log_x, log_y

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        w, mean_x, mean_y, xx, xy, yy = self._columns
        which = rng.choice(len(w), n, p=w)
        a, b = rng.standard_normal((2, n))
        x = mean_x[which] + np.sqrt(xx[which]) * a
        slope, rest = (xy / np.sqrt(xx))[which], np.sqrt(yy - xy**2 / xx)[which]
        return x[:, None], (mean_y[which] + slope * a + rest * b)[:, None]

    def log_pmi(self, x: Array, y: Array) -> Array:
        w, mean_x, mean_y, xx, xy, yy = self._columns
        a, b = x - mean_x, y - mean_y
        determinant = xx * yy - xy**2
        form = (yy * a**2 - 2 * xy * a * b + xx * b**2) / determinant
        log_joint = log_mean_exp(-form / 2, w / (2 * math.pi * np.sqrt(determinant)))
        log_x, log_y = self._log_margins(x[:, 0], y[:, 0])
        return log_joint - log_x - log_y


@dataclass(frozen=True)
class Concentric:
    """X ~ N(0, i² I) in `dim` dimensions and Y ~ N(i, 0.01²), i uniform on 1 … `components`.

    Neighbouring Y are 100 standard deviations apart, so Y tells i (overlap below e^−1000) and I(X;Y) = I(X;i), which
    depends on |X| alone: one integral over the radius.
    """

    dim: int
    components: int
    source: ClassVar[str] = FINE_DISTRIBUTIONS
    mi_error: ClassVar[float] = 1e-12

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.count(self, "components")

    @property
    def dim_x(self) -> int:
        return self.dim

    @property
    def dim_y(self) -> int:
        return 1

    def _log_given(self, squared_radius: Array) -> Array:
        """log p(x | i) over i = 1 … components, up to a constant that all share."""
        i = np.arange(1.0, self.components + 1)
        return np.asarray(-squared_radius[:, None] / (2 * i**2) - self.dim * np.log(i))

    @cached_property
    def mi(self) -> float:
        radius, weight = panels(0, math.sqrt(self.dim) + 12, 0.25)
        log_chi = (self.dim - 1) * np.log(radius) - radius**2 / 2
        log_chi -= (self.dim / 2 - 1) * math.log(2) + math.lgamma(self.dim / 2)
        weight = weight * np.exp(log_chi)
        total = 0.0
        for i in range(1, self.components + 1):
            given = self._log_given((i * radius) ** 2)
            total += float(weight @ (given[:, i - 1] - log_mean_exp(given)))
        return total / self.components

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        i = rng.integers(1, self.components + 1, (n, 1)).astype(float)
        return i * rng.standard_normal((n, self.dim)), i + 0.01 * rng.standard_normal((n, 1))

    def log_pmi(self, x: Array, y: Array) -> Array:
        given_x = self._log_given((x**2).sum(axis=1))
        given_y = -(((y - np.arange(1, self.components + 1)) / 0.01) ** 2) / 2
        return log_mean_exp(given_x + given_y) - log_mean_exp(given_x) - log_mean_exp(given_y)


@dataclass(frozen=True)
class NormalInliers(Square):
    """A share `inliers` of the rows of a sparse normal has X and Y drawn apart, from the same margins.

    The pmi is log((1 − a) exp(g) + a), a = `inliers` and g the pmi of the normal: linear in two χ² variables with
    `pairs` degrees of freedom, so I(X;Y) is an integral over two radii and the same for every dim.
    """

    dim: int
    inliers: float
    rho: float = 0.8
    pairs: int = 2
    source: ClassVar[str] = FINE_DISTRIBUTIONS
    mi_error: ClassVar[float] = 1e-11

    def __post_init__(self) -> None:
        fields.count(self, "dim")
        fields.real(self, "inliers", least=0, most=1)
        fields.real(self, "rho", least=0, most=0.999999, why="at 1 the mutual information is infinite")
        fields.count(self, "pairs", most=self.dim)

    @property
    def normal(self) -> SparseNormal:
        """The rows that are pairs."""
        return SparseNormal(self.dim, -self.pairs / 2 * math.log1p(-(self.rho**2)), self.pairs)

    def _log_mixed(self, g: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(np.log1p(-self.inliers) + g, np.log(self.inliers)))

    @cached_property
    def mi(self) -> float:
        k, rho = self.pairs, self.rho
        radius, weight = panels(0, math.sqrt(k) + 10, 0.4)
        log_chi = (k - 1) * np.log(radius) - radius**2 / 2 - (k / 2 - 1) * math.log(2) - math.lgamma(k / 2)
        weight = weight * np.exp(log_chi)
        u, v = radius[:, None] ** 2, radius**2
        paired = self.normal.mi + rho / 2 * (u - v)
        apart = self.normal.mi + rho / 2 * (u / (1 + rho) - v / (1 - rho))
        means = [float(weight @ self._log_mixed(g) @ weight) for g in (paired, apart)]
        return (1 - self.inliers) * means[0] + self.inliers * means[1]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self.normal.sample(n, rng)
        other, _ = self.normal.sample(n, rng)
        return np.where(rng.random((n, 1)) < self.inliers, other, x), y

    def log_pmi(self, x: Array, y: Array) -> Array:
        return self._log_mixed(self.normal.log_pmi(x, y))


@dataclass(frozen=True)
class PairMixture(Square):
    """A mixture of equal parts: `dim` independent pairs of unit normals, of mean `shifts[k]` and correlation `rhos[k]`.

    I(X;Y) = mean_k −dim/2 log(1 − ρ_k²) + I(K;X) + I(K;Y) − I(K;X,Y). What X tells of K is in its sum, and what X and Y
    tell in three numbers that are independent given K: the sum of the (X_i + Y_i)/√2, a normal, their scatter, a χ²
    with dim − 1 degrees of freedom, and the squares of the (X_i − Y_i)/√2, a χ² with dim. Both by trapezoid rules.
    """

    dim: int
    shifts: tuple[float, ...]
    rhos: tuple[float, ...]
    source: ClassVar[str] = VECTOR_COPULAS
    mi_error: ClassVar[float] = 1e-8

    def __post_init__(self) -> None:
        fields.count(self, "dim", least=2)
        if not self.shifts or len(self.shifts) != len(self.rhos):
            raise ValueError("PairMixture: shifts and rhos must be equally many, and at least one")
        if not np.isfinite(self.shifts).all():
            raise ValueError(f"PairMixture: shifts={self.shifts} must be finite")
        if not all(abs(rho) <= 0.95 for rho in self.rhos):  # sharper parts need finer rules
            raise ValueError(f"PairMixture: rhos={self.rhos} must lie between -0.95 and 0.95")

    @cached_property
    def mi(self) -> float:
        shifts, rhos = np.array(self.shifts), np.array(self.rhos)
        within = float(np.mean(-self.dim / 2 * np.log1p(-(rhos**2))))
        z, normal = _normals()
        means = math.sqrt(self.dim) * shifts
        of_one = np.mean([_told(_log_normal(z + m, means, 1.0), k, normal) for k, m in enumerate(means)])
        of_both = 0.0
        scatter, scatter_weight = _squares(self.dim - 1)
        squares, squares_weight = _squares(self.dim)
        up, down = 1 + rhos, 1 - rhos
        for k in range(len(rhos)):
            sums = _log_normal(math.sqrt(up[k]) * z + math.sqrt(2) * means[k], math.sqrt(2) * means, up)
            scatters = _log_squares(up[k] * scatter, self.dim - 1, up)
            rest = _log_squares(down[k] * squares, self.dim, down)
            for row, weight in zip(sums, normal, strict=True):
                given = row + scatters[:, None] + rest
                of_both += weight * _told(given, k, scatter_weight[:, None] * squares_weight) / len(rhos)
        return within + 2 * float(of_one) - of_both

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        which = rng.integers(len(self.rhos), size=n)
        rho = np.array(self.rhos)[which, None]
        a, b = rng.standard_normal((2, n, self.dim))
        shift = np.array(self.shifts)[which, None]
        return shift + a, shift + rho * a + np.sqrt(1 - rho**2) * b

    def log_pmi(self, x: Array, y: Array) -> Array:
        means, rhos = np.sqrt(self.dim) * np.array(self.shifts), np.array(self.rhos)
        u, v = (x + y) / math.sqrt(2), (x - y) / math.sqrt(2)
        sum_x, sum_y, sum_u = (z.sum(axis=1) / math.sqrt(self.dim) for z in (x, y, u))
        scatter = (u**2).sum(axis=1) - sum_u**2
        joint = _log_normal(sum_u, math.sqrt(2) * means, 1 + rhos) + _log_squares(scatter, self.dim - 1, 1 + rhos)
        joint += _log_squares((v**2).sum(axis=1), self.dim, 1 - rhos)
        rest = [(z**2).sum(axis=1) - s**2 for z, s in ((x, sum_x), (y, sum_y))]
        sides = zip((sum_x, sum_y), rest, strict=True)
        log_x, log_y = (log_mean_exp(_log_normal(s, means, 1.0)) - r / 2 for s, r in sides)
        return np.asarray(log_mean_exp(joint) - log_x - log_y)


def _log_normal(z: Array, mean: Array, variance: Array | float) -> Array:
    """log densities at each z, a component a column, but for the 2π that all share."""
    return np.asarray(-((z[:, None] - mean) ** 2) / (2 * variance) - np.log(variance) / 2)


def _log_squares(total: Array, k: int, variance: Array) -> Array:
    """log densities of k normals around 0 at each sum of their squares, likewise."""
    return np.asarray(-total[:, None] / (2 * variance) - k / 2 * np.log(variance))


def _normals() -> tuple[Array, Array]:
    """Nodes and weights of the trapezoid rule for a standard normal."""
    step = 0.1
    z = np.arange(-8, 8 + step, step)
    return z, np.exp(-(z**2) / 2) * step / math.sqrt(2 * math.pi)


def _squares(k: int) -> tuple[Array, Array]:
    """Nodes and weights of the trapezoid rule for a χ² of k degrees of freedom, in t: log χ = t − exp(−t)."""
    step = min(1 / 16, 1 / k)
    t = np.arange(-4, math.log(math.sqrt(k) + 9), step)
    log_chi = t - np.exp(-t)
    log_weight = k * log_chi - np.exp(2 * log_chi) / 2 - math.lgamma(k / 2) - (k / 2 - 1) * math.log(2)
    weight = np.exp(log_weight) * (1 + np.exp(-t)) * step
    kept = weight > 1e-15
    return np.exp(2 * log_chi[kept]), weight[kept]


def _told(given: Array, k: int, weight: Array) -> float:
    """E log p(t | k) / p(t), from log densities of all components at nodes t that k gives this weight."""
    return float(np.sum(weight * (given[..., k] - log_mean_exp(given))))

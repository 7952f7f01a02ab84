"""Pairs of numbers (s, t) with known mutual information: t given s has a distribution that is written down.

Each family has one parameter, and its information rises with it. Ranks of a sample are all that is used of it, so
margins do not matter. Where values repeat, a number is known only as the cell that its rank is in, and the information
is that of the table of cells.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from mibench.calibration.scores import cells
from mibench.interface import Array


@dataclass(frozen=True, eq=False)
class Family:
    """`draw(n, parameter, rng)` gives s and t; `below(t, z, parameter)` is P(T ≤ t | s has normal score z).

    `quantiles(places, parameter)` are of t alone. `parameters` ascend from independence, or from the least that the
    family has, and `information` is theirs in nats. In an exchangeable one s and t have the same part.
    """

    name: str
    parameters: Array
    draw: Callable[[int, float, np.random.Generator], tuple[Array, Array]]
    below: Callable[[Array, Array, float], Array]
    quantiles: Callable[[Array, float], Array]
    information: Array
    exchangeable: bool = False
    tables: dict[bytes, Array] = field(default_factory=dict)

    def most(self, atoms_s: Array | None, atoms_t: Array | None) -> float:
        """The largest information there is."""
        return float(self._curve(atoms_s, atoms_t)[-1])

    def parameter(self, information: float, atoms_s: Array | None = None, atoms_t: Array | None = None) -> float:
        """The parameter at which cells, or the numbers themselves, tell so much of one another."""
        curve = self._curve(atoms_s, atoms_t)
        if curve is not self.information:
            of_numbers = self.information[self._knots()]
            rising = np.concatenate([[True], np.diff(curve) > 0])
            if rising.sum() < 2:  # cells that can hold nothing
                return float(self.parameters[0])
            information = _smooth(information, curve[rising], of_numbers[rising])
        return float(np.interp(information, self.information, self.parameters))

    def _knots(self) -> npt.NDArray[np.intp]:
        """Places among the parameters, close together where there is little information and all of it changes fast."""
        roots = np.sqrt(self.information - self.information[0])
        return np.searchsorted(roots, np.linspace(0, roots[-1], KNOTS) * (1 - 1e-12))

    def _curve(self, atoms_s: Array | None, atoms_t: Array | None) -> Array:
        if atoms_s is None and atoms_t is None:
            return self.information
        if self.exchangeable and atoms_t is None:  # cheaper with few cells of t
            atoms_s, atoms_t = atoms_t, atoms_s
        key = b"|".join(b"" if one is None else one.tobytes() for one in (atoms_s, atoms_t))
        if key not in self.tables:
            found = [self.of_cells(one, atoms_s, atoms_t) for one in self.parameters[self._knots()]]
            self.tables[key] = np.maximum.accumulate(found)
        return self.tables[key]

    def of_cells(self, parameter: float, atoms_s: Array | None, atoms_t: Array | None) -> float:
        """I of the cells that ranks are in; numbers that do not repeat are cut finely."""
        table = self.table(parameter, cells(atoms_s), cells(atoms_t)[0])
        own_s, own_t = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
        some = table > 0
        return float((table[some] * np.log(table[some] / (own_s * own_t)[some])).sum())

    def table(self, parameter: float, of_s: tuple[Array, npt.NDArray[np.bool_]], edges_t: Array) -> Array:
        """The probability of each cell of s with each of t."""
        from scipy.special import ndtri

        edges, whole = of_s
        per = np.where(whole, np.clip(np.ceil(WITHIN * np.diff(edges)), 2, WITHIN), 1).astype(int)
        low, wide = np.repeat(edges[:-1], per), np.repeat(np.diff(edges) / per, per)
        inside = np.concatenate([np.arange(count) for count in per])
        z = ndtri(low + (inside + 0.5) * wide)
        t = self.quantiles(edges_t[1:-1], parameter)
        below = np.hstack([np.zeros((len(z), 1)), self.below(t[None], z[:, None], parameter), np.ones((len(z), 1))])
        joint = np.diff(below, axis=1) * wide[:, None]
        return np.add.reduceat(joint, np.concatenate([[0], np.cumsum(per)[:-1]]), axis=0)


KNOTS = 12
"""Parameters at which the information of cells is computed; between them it is interpolated."""

WITHIN = 200
"""Values of s that stand for all of them, where they are cells."""

Z = np.linspace(-7, 7, 1401)
"""Normal scores to integrate over, with weights `WEIGHT`."""

WEIGHT = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()


def _smooth(x: float, xs: Array, ys: Array) -> float:
    """Rising from point to point, without corners."""
    from scipy.interpolate import PchipInterpolator

    return float(PchipInterpolator(xs, ys)(np.clip(x, xs[0], xs[-1])))


def _fine(most: float) -> Array:
    """Nats from 0 on, so close at first that correlations are: they rise with their root."""
    return np.asarray(np.linspace(0, np.sqrt(most), 201) ** 2)


def _phi(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _normal_quantiles(places: Array, _: float) -> Array:
    from scipy.special import ndtri

    return np.asarray(ndtri(places))


def _entropy(density: Array, step: float) -> float:
    some = density > 0
    return float(-(density[some] * np.log(density[some])).sum() * step)


def _normal() -> Family:
    """t = ρ s + √(1 − ρ²) ε: −½ log(1 − ρ²)."""

    def draw(n: int, rho: float, rng: np.random.Generator) -> tuple[Array, Array]:
        s, noise = rng.normal(size=(2, n))
        return s, rho * s + np.sqrt(1 - rho**2) * noise

    information = _fine(5)
    rhos = np.sqrt(-np.expm1(-2 * information))

    def below(t: Array, z: Array, rho: float) -> Array:
        return _phi((t - rho * z) / np.sqrt(1 - rho**2))

    return Family("normal", rhos, draw, below, _normal_quantiles, information, True)


def _student(dof: float) -> Family:
    """The same with a common divisor √(χ²_ν / ν): −½ log(1 − ρ²) and what the divisor adds."""
    from scipy.special import ndtr, stdtr, stdtrit

    from mibench.copulas.elliptical import shared_divisor

    def draw(n: int, rho: float, rng: np.random.Generator) -> tuple[Array, Array]:
        s, noise = rng.normal(size=(2, n)) / np.sqrt(rng.chisquare(dof, n) / dof)
        return s, rho * s + np.sqrt(1 - rho**2) * noise

    def below(t: Array, z: Array, rho: float) -> Array:
        s = stdtrit(dof, ndtr(z))
        return np.asarray(stdtr(dof + 1, (t - rho * s) / np.sqrt((1 - rho**2) * (dof + s**2) / (dof + 1))))

    def quantiles(places: Array, _: float) -> Array:
        return np.asarray(stdtrit(dof, places))

    of_rho = _fine(4.5)
    rhos, information = np.sqrt(-np.expm1(-2 * of_rho)), of_rho + shared_divisor(dof, 1, 1)
    return Family(f"student-{dof:g}", rhos, draw, below, quantiles, information, True)


def _edge() -> Family:
    """t = s + b ε with ε exponential: h(t) − 1 − log b, t exponentially modified normal. Beyond an edge is nothing."""
    from scipy.special import log_ndtr

    def draw(n: int, sharp: float, rng: np.random.Generator) -> tuple[Array, Array]:
        s = rng.normal(size=n)
        return s, s + rng.exponential(1 / sharp, n)

    def below(t: Array, z: Array, sharp: float) -> Array:
        return -np.expm1(-sharp * np.maximum(t - z, 0))

    def quantiles(places: Array, sharp: float) -> Array:
        t = np.linspace(-8, 8 + 30 / sharp, 4001)
        beyond = np.exp(sharp**2 / 2 - sharp * t + log_ndtr(t - sharp))
        return np.interp(places, _phi(t) - beyond, t)

    sharps = np.geomspace(0.02, 60, 121)
    information = []
    for sharp in sharps:
        t = np.linspace(-8, 8 + 30 / sharp, 6001)
        density = np.exp(np.log(sharp) + sharp**2 / 2 - sharp * t + log_ndtr(t - sharp))
        information.append(_entropy(density, t[1] - t[0]) - 1 + np.log(sharp))
    return Family("edge", sharps, draw, below, quantiles, np.array(information))


def _scale() -> Family:
    """t = exp(a s) ε: the information of log|t| = a s + log|ε|, where only the spread of t says anything."""

    def draw(n: int, a: float, rng: np.random.Generator) -> tuple[Array, Array]:
        s, noise = rng.normal(size=(2, n))
        return s, np.exp(a * s) * noise

    def below(t: Array, z: Array, a: float) -> Array:
        return _phi(t * np.exp(-a * z))

    def quantiles(places: Array, a: float) -> Array:
        t = np.sinh(np.linspace(-5 - 5 * a, 5 + 5 * a, 1201)) / 50
        of = WEIGHT[::10] @ below(t[None], Z[::10, None], a) / WEIGHT[::10].sum()
        rising = np.concatenate([[True], np.diff(of) > 0])
        return np.asarray(np.interp(places, of[rising], t[rising]))

    step = 0.025
    line = np.arange(-20, 4, step)
    size = np.sqrt(2 / np.pi) * np.exp(line - np.exp(2 * line) / 2)
    a_s = np.concatenate([[0.0], np.geomspace(0.03, 8, 120)])
    information = [0.0]
    for a in a_s[1:]:
        of_scale = np.exp(-(np.arange(-6 * a, 6 * a, step) ** 2) / (2 * a**2))
        density = np.convolve(of_scale / of_scale.sum(), size)
        information.append(_entropy(density, step) - _entropy(size, step))
    return Family("scale", a_s, draw, below, quantiles, np.array(information))


def _cross() -> Family:
    """t = ±ρ s + √(1 − ρ²) ε with either sign at random: normal margins, no correlation."""

    def draw(n: int, rho: float, rng: np.random.Generator) -> tuple[Array, Array]:
        s, noise = rng.normal(size=(2, n))
        return s, rng.choice([-1.0, 1.0], n) * rho * s + np.sqrt(1 - rho**2) * noise

    def below(t: Array, z: Array, rho: float) -> Array:
        wide = np.sqrt(1 - rho**2)
        return (_phi((t - rho * z) / wide) + _phi((t + rho * z) / wide)) / 2

    apart = np.linspace(0, 10, 101)  # half the distance of the two, in their own sd
    t = np.linspace(-18, 18, 721)
    both = (np.exp(-((t - apart[:, None]) ** 2) / 2) + np.exp(-((t + apart[:, None]) ** 2) / 2)) / np.sqrt(8 * np.pi)
    entropies = np.array([_entropy(one, t[1] - t[0]) for one in both])
    rhos = np.sqrt(-np.expm1(-2 * _fine(4.5)))
    information = []
    for rho in rhos:
        wide = np.sqrt(1 - rho**2)
        inside = WEIGHT @ np.interp(np.abs(rho * Z) / wide, apart, entropies) + np.log(wide)
        information.append((1 + np.log(2 * np.pi)) / 2 - inside)
    return Family("cross", rhos, draw, below, _normal_quantiles, np.maximum(information, 0), True)


@cache
def family(name: str) -> Family:
    """One of `NAMES`."""
    kind, _, dof = name.partition("-")
    made = {"normal": _normal, "edge": _edge, "scale": _scale, "cross": _cross}
    return _student(float(dof)) if kind == "student" else made[kind]()


NAMES = ("normal", "student-3", "student-8", "edge", "scale", "cross")

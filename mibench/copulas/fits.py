"""From two samples to a copula: the normal, the t, and mixtures of normals."""

import math

import numpy as np

from mibench.copulas import mixture
from mibench.copulas.elliptical import Elliptical, normal_correlation, student_correlation
from mibench.copulas.fitted import Fitted
from mibench.copulas.margins import Margins, margins_of
from mibench.copulas.mixture import parameters
from mibench.counts import without_atoms
from mibench.interface import Array

SINGULAR = 1e-12
"""Ranks of n rows that differ at all leave an eigenvalue above 1/n²."""

GAIN = 2.0
"""Nats of likelihood, of the whole sample, that degrees of freedom must bring to be kept (Akaike would ask for 1)."""

HEAVIEST = 2.0
"""The largest 1/ν that is looked at: ν = ½."""

LIGHTEST = 1e-3
"""Below this 1/ν a t copula is a normal one."""


def too_few(n: int, dim_x: int, dim_y: int) -> str | None:
    """Why n rows are too few for a correlation matrix; None if they are not."""
    if n <= dim_x + dim_y:
        return f"{dim_x} + {dim_y} columns need more than n={n} samples for a covariance of full rank"
    return None


def too_few_for_modes(n: int, modes: int, dim: int) -> str | None:
    """Why n rows are too few for that many modes with covariances of full rank; None if they are not."""
    if n <= modes * (dim + 1):
        return f"modes={modes} in {dim} columns needs more than {modes * (dim + 1)} samples, not n={n}"
    return None


def fit_gaussian(x: Array, y: Array) -> Fitted:
    """The normal copula of x `(n, dim_x)` and y `(n, dim_y)`, float64 and finite.

    Raises ValueError for too few rows, a constant column, and ranks of which some follow from others.
    """
    margins, places = _ranked(x, y)
    correlation = _of_full_rank(normal_correlation(Elliptical(np.eye(places.shape[1])).scores(places)), x.shape[1])
    return _elliptical(margins, Elliptical(correlation), x, y)


def fit_student(x: Array, y: Array) -> Fitted:
    """The t copula, whose degrees of freedom are any number from ½ up; the normal one where they gain nothing.

    Raises ValueError as `fit_gaussian` does, and for values that repeat (see `counts.ATOM`).
    """
    margins, places = _ranked(x, y)
    _without_atoms(places, x.shape[1])
    scores = Elliptical(np.eye(places.shape[1])).scores(places)
    normal = Elliptical(_of_full_rank(normal_correlation(scores), x.shape[1]))
    student, likelihood = _likeliest_student(places, normal)
    kept = student if likelihood > _likelihood(normal, scores) + GAIN else normal
    return _elliptical(margins, kept, x, y)


def fit_mixture(x: Array, y: Array, modes: int, *, seed: int | None = 0) -> Fitted:
    """A mixture of `modes` normals with full covariances on the normal scores.

    Raises ValueError as `fit_gaussian` does, for values that repeat (see `counts.ATOM`), and for too few rows a mode.
    """
    dim = x.shape[1] + y.shape[1]
    if said := too_few_for_modes(len(x), modes, dim):
        raise ValueError(said)
    margins, places = _ranked(x, y)
    _without_atoms(places, x.shape[1])
    scores = Elliptical(np.eye(dim)).scores(places)
    _of_full_rank(normal_correlation(scores), x.shape[1])
    model = mixture.fit(scores, modes, np.random.default_rng(seed))
    return Fitted(*margins, model, None, parameters(modes, dim))


def _ranked(x: Array, y: Array) -> tuple[tuple[Margins, Margins], Array]:
    """The margins of both sides, and the places of all columns."""
    if said := too_few(len(x), x.shape[1], y.shape[1]):
        raise ValueError(said)
    margins = margins_of(x, "x"), margins_of(y, "y")
    return margins, np.hstack([margins[0].places(x), margins[1].places(y)])


def _without_atoms(places: Array, dim_x: int) -> None:
    """Raises ValueError for a column with too many equal values for a density; the normal copula takes any."""
    without_atoms(places[:, :dim_x], "x")
    without_atoms(places[:, dim_x:], "y")


def _of_full_rank(correlation: Array, dim_x: int) -> Array:
    """The same. Raises ValueError, which says where, if it is singular."""
    for name, columns in (("x", slice(0, dim_x)), ("y", slice(dim_x, None)), ("x and y", slice(None))):
        values, vectors = np.linalg.eigh(correlation[columns, columns])
        if values[0] <= SINGULAR and name == "x and y":
            raise ValueError(
                "the ranks of x and y follow from one another, wholly or in part: the mutual information of continuous "
                "data is then infinite; for discrete data use ksg-mixed"
            )
        if values[0] <= SINGULAR:
            raise ValueError(
                f"the ranks of column {np.abs(vectors[:, 0]).argmax()} of {name} follow from those of other columns of "
                f"{name}: drop it, it adds nothing"
            )
    return correlation


def _elliptical(margins: tuple[Margins, Margins], model: Elliptical, x: Array, y: Array) -> Fitted:
    (n, dim_x), dim = x.shape, x.shape[1] + y.shape[1]
    value = model.information(dim_x) - model.bias(n, dim_x)
    return Fitted(*margins, model, value, dim * (dim - 1) // 2 + math.isfinite(model.dof))


def _likeliest_student(places: Array, start: Elliptical) -> tuple[Elliptical, float]:
    """The t copula of the most likely 1/ν, and its log likelihood."""
    from scipy.optimize import minimize_scalar

    tried: dict[float, Elliptical] = {0.0: start}

    def lost(inverse: float) -> float:
        nearest = tried[min(tried, key=lambda known: abs(known - inverse))]
        scores = Elliptical(nearest.correlation, 1 / inverse).scores(places)
        tried[inverse] = Elliptical(student_correlation(scores, 1 / inverse, nearest.correlation), 1 / inverse)
        return -_likelihood(tried[inverse], scores)

    best = minimize_scalar(lost, bounds=(LIGHTEST, HEAVIEST), method="bounded", options={"xatol": 1e-3})
    return tried[best.x], -best.fun


def _likelihood(model: Elliptical, scores: Array) -> float:
    """log likelihood of the copula, of all rows together."""
    return float((model.log_density(scores, slice(None)) - model.log_margins(scores).sum(axis=1)).sum())

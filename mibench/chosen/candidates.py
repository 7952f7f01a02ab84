"""What is in the running: each is fitted once a rotation and says what it makes of the pairs held out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol, get_args

import numpy as np
import numpy.typing as npt

from mibench import neighbors
from mibench.chosen.judge import logistic
from mibench.chosen.neighbours import Neighbours, in_groups
from mibench.chosen.sample import Sample
from mibench.copulas import Fitted, fit_gaussian, fit_mixture, fit_student
from mibench.copulas.elliptical import Softening
from mibench.copulas.mixture import parameters
from mibench.interface import Array
from mibench.neighbors.sample import scaled
from mibench.neural import jensen_shannon, log_mean_exp
from mibench.neural.bound import Bound
from mibench.neural.split import Parts

if TYPE_CHECKING:
    from torch import Tensor

STUDENT = 128
"""Columns of which a t copula is fitted; its steps cost their cube, and of more the normal one stands for both."""

MODES = 2, 3, 5, 10, 20

SPARE = 2
"""Rows for each parameter of a mixture, at least."""

NEAR = 4
"""Columns in which neighbours are near, and tell more than a critic."""

NEIGHBOURS = 5

Mask = npt.NDArray[np.bool_]


class LogRatios(Protocol):
    """A function of pairs, near log p(x, y) / p(x) p(y)."""

    def scores(self, x: Array, y: Array, group: int) -> tuple[Array, Array]:
        """Of each pair, `(n,)`, and of each row of x with the other rows of y in its group, `(n, group - 1)`."""
        ...


@dataclass(frozen=True, eq=False)
class Entrant:
    """A candidate's log ratio of all rows by fits without them, rotation after rotation: `(n,)`, `(n, partners)`.

    `value(kept)` is its mutual information in nats, read on no other held-out rows than those kept. `density`, of a
    candidate that is one, is the log density `(n,)` of the ranks of each pair, and `read` the log ratio of the fit that
    a value comes from, where that is another than the fits judged.
    """

    name: str
    joint: Array
    marginal: Array
    value: Callable[[Mask], float]
    density: Array | None = None
    read: Array | None = None


@dataclass(frozen=True, eq=False)
class Density:
    """A fitted copula as log ratios."""

    fitted: Fitted

    def scores(self, x: Array, y: Array, group: int) -> tuple[Array, Array]:
        """See `LogRatios`."""
        return self.fitted.log_ratio(x, y), self.fitted.log_ratios(x, y, in_groups(len(x), group))

    def likelihood(self, sample: Sample, rotation: Parts) -> Array:
        """The log density `(n,)` of the ranks of each pair that a rotation holds out."""
        return self.fitted.log_copula(*sample.held_out(rotation))


@dataclass(frozen=True)
class Critic(Bound):
    """T trained towards log p(x, y) / p(x) p(y), and read by E_joint[T] − log E_marginal[exp T]."""

    inputs: str = "canonical"
    selects: ClassVar[str] = "objective"

    def bound(self, joint: "Tensor", marginal: "Tensor") -> "Tensor":
        return joint.mean() - log_mean_exp(marginal)

    def objective(self, joint: "Tensor", marginal: "Tensor", *state: "Tensor") -> "Tensor":
        return jensen_shannon(joint, marginal)


def copula(sample: Sample) -> Iterator[Entrant]:
    """The t copula, or the normal one where degrees of freedom gain nothing: its plug-in of all rows less its bias.

    It is judged by fits whose canonical correlations are softened, which the value would suffer from: in the way that
    held-out pairs speak for.
    """
    continuous(sample)
    fit = fit_student if sample.columns <= STUDENT else fit_gaussian
    whole = fit(sample.x, sample.y)
    value, dof = float(np.float64(whole.value)), getattr(whole.model, "dof", math.inf)
    name = "gaussian-copula" if math.isinf(dof) else f"t-copula:nu={dof:.3g}"
    fits = [fit(*left) for left in map(sample.left, sample.rotations)]
    n = len(sample.left(sample.rotations[0])[0])
    judged = [
        of_density(name, sample, [Density(each.softened(n, way)) for each in fits], lambda joint, kept: value)
        for way in get_args(Softening)
    ]
    best = min(judged, key=lambda one: float(logistic(one.joint, one.marginal).mean()))
    yield replace(best, read=whole.log_ratio(sample.x, sample.y))


def mixture(sample: Sample) -> Iterator[Entrant]:
    """Mixtures of normals on normal scores: the mean log ratio of rows that each fit has not seen.

    More modes are tried as long as the likelihood of what the first rotation holds out grows, from a normal copula's.
    """
    continuous(sample)
    first, *others = sample.rotations
    before = Density(fit_gaussian(*sample.left(first))).likelihood(sample, first).mean()
    for modes in (k for k in MODES if SPARE * parameters(k, sample.columns) <= len(first.train)):
        tried = Density(fit_mixture(*sample.left(first), modes, seed=sample.seed))
        after = tried.likelihood(sample, first).mean()
        if after <= before:
            return
        before = after
        fits = [tried, *(Density(fit_mixture(*sample.left(r), modes, seed=sample.seed)) for r in others)]
        yield of_density(f"mixture:modes={modes}", sample, fits, lambda joint, kept: float(joint[kept].mean()))


def of_density(name: str, sample: Sample, fits: Sequence[Density], value: Callable[[Array, Mask], float]) -> Entrant:
    """The entrant of these copulas."""
    joint, marginal = of_held_out(sample, fits)
    each = zip(fits, sample.rotations, strict=True)
    density = np.concatenate([fit.likelihood(sample, rotation) for fit, rotation in each])
    return Entrant(name, joint, marginal, lambda kept: value(joint, kept), density)


def nearest(sample: Sample) -> Iterator[Entrant]:
    """Nearest neighbours: the estimate of all rows, by KSG or, where values are tied, by its mixed form."""
    if sample.columns > NEAR:
        return
    x, y = (scaled(z, "rank") for z in (sample.x, sample.y))
    if sample.continuous:
        name, whole = f"ksg:k={NEIGHBOURS}", neighbors.ksg_many_k(x, y, [NEIGHBOURS])[0].value
    else:
        name, whole = f"ksg-mixed:k={NEIGHBOURS}", neighbors.ksg_mixed(x, y, NEIGHBOURS).value
    ranked = replace(sample, x=x, y=y)  # places among all rows say nothing of who is paired with whom
    fits = [Neighbours(*ranked.left(rotation), NEIGHBOURS) for rotation in sample.rotations]
    yield Entrant(name, *of_held_out(ranked, fits), lambda kept: whole)


def critic(sample: Sample) -> Iterator[Entrant]:
    """A critic trained by the Jensen-Shannon objective, and read by the Donsker-Varadhan bound."""
    if sample.columns <= NEAR:
        return
    from mibench.neural.ratios import critics

    settings = Critic()
    fits = critics(settings, sample.x, sample.y, sample.rotations, sample.seed)
    joint, marginal = of_held_out(sample, fits)
    rotation = np.arange(len(joint)) * len(fits) // len(joint)

    def value(kept: Mask) -> float:
        """The mean over the rotations, each of a critic of its own."""
        parts = [kept & (rotation == k) for k in np.unique(rotation[kept])]
        return float(np.mean([joint[part].mean() - log_mean_of_exp(marginal[part]) for part in parts]))

    yield Entrant(f"critic:inputs={settings.inputs}", joint, marginal, value)


def log_mean_of_exp(values: Array) -> float:
    """log of the mean of exp(values), over all of them; no overflow."""
    return float(np.logaddexp.reduce(values, axis=None)) - math.log(values.size)


CANDIDATES: dict[str, Callable[[Sample], Iterator[Entrant]]] = {
    "copula": copula,
    "mixture": mixture,
    "ksg": nearest,
    "critic": critic,
}
"""By name, the simplest first. A candidate of a shape that it is not for yields nothing."""


def continuous(sample: Sample) -> None:
    """Raises ValueError where a column has too many ties for a density."""
    if not sample.continuous:
        raise ValueError("a column repeats values, and ranks with ties have no density")


def of_held_out(sample: Sample, fits: Sequence[LogRatios]) -> tuple[Array, Array]:
    """Scores of the held-out rows, rotation after rotation, each by its own fit."""
    each = zip(fits, sample.rotations, strict=True)
    found = [fit.scores(*sample.held_out(rotation), sample.group) for fit, rotation in each]
    joint, marginal = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return joint, marginal

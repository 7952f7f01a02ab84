"""From a sample to the true values that fit it, and what the bank shows of each estimator."""

import collections
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mibench.calibration import judged as judging
from mibench.calibration.bank import Bank, Member, bank
from mibench.calibration.judged import Judged
from mibench.calibration.responses import Response
from mibench.calibration.scores import normal_scores
from mibench.calibration.statistics import Statistics, statistics
from mibench.interface import Array

STRUCTURES = 220
FIRST = 100
"""Structures whose information is anything up to `ceiling`; that of the others is near what fits by then."""

ASKED = 3
"""Of so many structures one is shown to the estimators too: to all statistics, which are quick, all are."""

NONE = 10
"""Of so many structures one has no information at all, as long as that is plausible."""

MOST, FEWEST = 60_000, 1000
"""Rows times columns that are calibrated, and the rows that are in any case: of more, so many at random are."""

HIGHEST = 4.0
"""Nats up to which the bank goes at first, at the most."""


NEAR = 0.93
"""An end above such a share of what a bank goes to, or a discrete side holds, says that it may be anything up to it."""


@dataclass(frozen=True, eq=False)
class Ask:
    """An estimator with the sample as it takes it, `x` and `y` `(n, dim)`; `estimates` has a number for each pair."""

    label: str
    x: Array
    y: Array
    estimates: Callable[[Iterable[tuple[Array, Array]]], Iterable[float]]


@dataclass(frozen=True, eq=False)
class Calibrated:
    """`interval` holds the true values in nats that fit what was seen, and `fits` says whether anything looks like it.

    `at_least` says that the upper end is where the bank ends. `by_ksg` is the interval by ksg alone, of all
    structures; `responses` are what the estimators say of those that they were shown. `rows` of the `n` were used.
    """

    interval: tuple[float, float]
    fits: bool
    at_least: bool
    by_ksg: tuple[float, float]
    distance: float
    n: int
    rows: int
    structures: int
    responses: tuple[Response, ...]

    @property
    def alone(self) -> dict[str, tuple[float, float]]:
        """The interval by each estimator alone."""
        return {one.label: one.interval for one in self.responses}

    @property
    def best(self) -> Response | None:
        """The estimator whose worst error is the smallest where the truth may be."""
        return min(self.responses, key=lambda one: one.worst(self.interval)[0], default=None)

    @property
    def target(self) -> float:
        """The error in nats that one may wish for: a tenth of the information, but not below 0.05."""
        return max(0.05, 0.1 * sum(self.interval) / 2)

    @property
    def needed(self) -> int | None:
        """Rows at which the best estimator's worst error is down to `target`; None if no number of rows shows it."""
        return None if self.best is None else self.best.needed(self.interval, self.rows, self.target)

    def to_dict(self, scale: float = 1.0) -> dict[str, Any]:
        """As JSON holds it, in a unit of which a nat has `scale`."""

        def scaled(interval: tuple[float, float]) -> list[float]:
            return [end * scale for end in interval]

        best = self.best
        return {
            "interval": scaled(self.interval),
            "alone": {label: scaled(interval) for label, interval in self.alone.items()},
            "fits": self.fits,
            "at_least": self.at_least,
            "distance": self.distance,
            "rows": self.rows,
            "structures": self.structures,
            "best": None if best is None else best.label,
            "worst_error": None if best is None else best.worst(self.interval)[0] * scale,
            "target_error": self.target * scale,
            "rows_needed": self.needed,
        }


def refusal(n: int, dim: int) -> str | None:
    """Why so few rows cannot be calibrated."""
    least = max(100, 10 * dim)
    return f"calibration needs {least} rows for {dim} columns, and there are {n}" if n < least else None


@dataclass(eq=False)
class _Seen:
    """What was seen of the structures so far."""

    truths: list[float] = field(default_factory=list)
    statistics: list[list[Array]] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    said: list[list[list[float]]] = field(default_factory=list)
    """Of each structure shown, of each estimator: both samples, and half of the rows of both."""


def calibrate(
    x: Array,
    y: Array,
    seed: int = 0,
    asked: Sequence[Ask] = (),
    *,
    structures: int | None = None,
    limit: float | None = None,
    threads: int = 1,
) -> Iterator[tuple[Calibrated | None, float]]:
    """The calibration of a sample `(n, dim)`, texts by their places, and the seconds left; the last one has it whole.

    `structures` are `STRUCTURES` unless it is said. `limit` is the entropy in nats that a discrete side may have, which
    no information exceeds.
    """
    n, dim, structures = len(x), x.shape[1] + y.shape[1], structures or STRUCTURES
    rng = np.random.default_rng([seed, 3])
    kept = rng.permutation(n)[: max(FEWEST, MOST // max(dim, 6))]  # in no order: halves are taken
    x, y = x[kept], y[kept]
    asked = [Ask(one.label, one.x[kept], one.y[kept], one.estimates) for one in asked]
    stats = statistics(x.shape[1], y.shape[1], rng, threads)
    observed = stats.of(normal_scores(x, rng), normal_scores(y, rng))
    made, seen, ceiling = bank(x, y, rng), _Seen(), _ceiling(observed)
    low, high = 0.0, ceiling
    began = time.perf_counter()
    first = min(FIRST, structures // 2)
    for j in range(structures):
        own = np.random.default_rng([seed, 3, j])
        if j == first:
            low, high = _plausible(_judged(seen, observed), ceiling)
        information = 0.0 if low == 0 and j % NONE == 0 else float(own.uniform(low, high))
        structure = made.structure(information, own)
        members = [made.draw(structure, own) for _ in range(2)]
        seen.truths.append(structure.information)
        seen.statistics.append([_looked(stats, made, member, own) for member in members])
        if j % ASKED == 0:
            seen.shown.append(structure.information)
            seen.said.append([_said(one, members) for one in asked])
        yield None, (time.perf_counter() - began) / (j + 1) * (structures - j - 1)
    found = _judged(seen, observed)
    responses = _responses(asked, seen)
    yield _calibrated(found, max(seen.truths), n, len(x), structures, responses, limit), 0.0


def _ceiling(observed: Array) -> float:
    """Nats up to which the bank goes at first, from statistics of which the largest may miss half of what there is."""
    return float(np.clip(0.8 + 1.8 * observed.max(), 1.2, HIGHEST))


def _judged(seen: _Seen, observed: Array) -> Judged:
    return judging.judged(np.array(seen.truths), np.array(seen.statistics), observed)


def _plausible(found: Judged, ceiling: float) -> tuple[float, float]:
    """Where further structures are worth most: what fits so far and a little beyond."""
    low, high = found.interval
    beyond = max(0.3 * (high - low), 0.1)
    return max(0.0, low - beyond), min(max(high + beyond, 0.3), 1.3 * ceiling)


def _looked(stats: Statistics, made: Bank, member: Member, rng: np.random.Generator) -> Array:
    """The statistics of a member; values that are equal are told apart by chance, anew in each."""
    sides = zip(member.of(*made.scores), member.of(made.x, made.y), made.tied, strict=True)
    x, y = (normal_scores(values, rng) if tied else scores for scores, values, tied in sides)
    return stats.of(x, y)


def _said(ask: Ask, members: Sequence[Member]) -> list[float]:
    """Of both members, and of half of the rows of both; NaN where it cannot."""
    pairs = [member.of(ask.x, ask.y) for member in members]
    half = len(ask.x) // 2
    every = [*pairs, *((x[:half], y[:half]) for x, y in pairs)]
    try:
        return list(ask.estimates(every))
    except Exception:  # an estimator may be anyone's
        return [math.nan] * len(every)


def _responses(asked: Sequence[Ask], seen: _Seen) -> tuple[Response, ...]:
    found = []
    for k, ask in enumerate(asked):
        said = np.array([of[k] for of in seen.said])
        if np.isfinite(said).all():
            (observed,) = ask.estimates([(ask.x, ask.y)])
            found.append(Response(ask.label, observed, np.array(seen.shown), said[:, :2], said[:, 2:]))
    return tuple(found)


def _calibrated(
    found: Judged,
    ceiling: float,
    n: int,
    rows: int,
    structures: int,
    responses: tuple[Response, ...],
    limit: float | None,
) -> Calibrated:
    most = math.inf if limit is None else limit
    low, high = found.interval
    low, high = min(low, most), most if high >= NEAR * most else high
    at_least = high >= NEAR * ceiling and high < most
    return Calibrated((low, high), found.fits, at_least, found.by_first, found.distance, n, rows, structures, responses)


def whole(*arguments: Any, **options: Any) -> Calibrated:
    """`calibrate` to its end."""
    (last,) = collections.deque(calibrate(*arguments, **options), maxlen=1)
    assert last[0] is not None
    return last[0]

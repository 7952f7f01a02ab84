"""One estimator on one's own sample: its value, its interval, and whether there is any dependence at all."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mibench.failures import message
from mibench.interface import Array, Diverged, Estimate
from mibench.owndata import intervals, permutations
from mibench.owndata.intervals import Spread
from mibench.owndata.panel import Asked
from mibench.owndata.sample import Sample

UNITS = {"nats": 1.0, "bits": 1 / math.log(2)}
"""How many of each unit a nat is."""

TICK = 0.3
"""Seconds between two words of how far it is."""


@dataclass(frozen=True)
class Line:
    """What an estimator says, in nats; `reason` is why it says nothing, and `no_spread` why there is no interval.

    `null` are the estimates of broken pairs.
    """

    asked: Asked
    status: str = "ok"
    estimate: Estimate | None = None
    spread: Spread | None = None
    no_spread: str = ""
    null: tuple[float, ...] = ()
    no_test: str = ""
    reason: str = ""
    seconds: float = 0.0

    @property
    def value(self) -> float | None:
        """The mutual information in nats, if it could be estimated."""
        return None if self.estimate is None else self.estimate.value

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the estimator's mean lies."""
        return None if self.spread is None or self.value is None else self.spread.interval(self.value)

    @property
    def p(self) -> float | None:
        """The p-value of the permutation test."""
        return permutations.p_value(self.value, self.null) if self.null and self.value is not None else None


@dataclass(frozen=True)
class Step:
    """A line as far as it is, and the seconds until it is whole, if they are known."""

    line: Line
    left: float | None = None


def steps(asked: Asked, sample: Sample, count: int, seed: int, spread: bool = True) -> Iterator[Step]:
    """The line as it grows: the value, the interval, the test with `count` permutations, none for 0."""
    began = time.perf_counter()
    line = Line(asked)
    x, y = asked.arrays(sample)
    try:
        if reason := asked.refusal(x, y):
            yield Step(replace(line, status="unsupported", reason=reason))
            return
        found = asked.estimate(x, y, seed)
    except Exception as error:  # an estimator may be anyone's
        yield Step(replace(line, status=_status(error), reason=message(error), seconds=time.perf_counter() - began))
        return
    if not np.isfinite(found.value):
        yield Step(replace(line, status="diverged", reason=f"the estimate is {found.value}"))
        return
    once = time.perf_counter() - began
    line = replace(line, estimate=found, seconds=once)
    yield Step(line, (len(intervals.cuts(sample.n)) * (not asked.trained) * spread + count) * once)
    if spread:
        for step in _with_spread(line, sample, x, y, seed):
            line = replace(step.line, seconds=time.perf_counter() - began)
            yield Step(line, None if step.left is None else step.left + count * once)
    if count:
        for step in _with_test(line, sample, x, y, count, seed):
            line = replace(step.line, seconds=time.perf_counter() - began)
            yield Step(line, step.left)


def _status(error: Exception) -> str:
    """A ValueError is how estimators refuse data."""
    return "unsupported" if isinstance(error, ValueError) else "diverged" if isinstance(error, Diverged) else "error"


def _with_spread(line: Line, sample: Sample, x: Array, y: Array, seed: int) -> Iterator[Step]:
    found = line.estimate
    assert found is not None
    if len(found.parts) > 1:
        yield Step(replace(line, spread=intervals.from_folds(found.parts)))
    elif line.asked.cross_fitted and found.std is not None:
        yield Step(replace(line, spread=intervals.own(found.std)))
    elif line.asked.trained:
        yield Step(replace(line, no_spread="it is read on one share of the rows; folds=5 cross-fits it over all"))
    elif sample.n < intervals.FEWEST:
        fewest = intervals.FEWEST
        yield Step(replace(line, no_spread=f"{sample.n} rows cannot be cut into parts enough; {fewest} are needed"))
    else:
        rng = np.random.default_rng([seed, 2])
        cut = list(intervals.parts(sample.n, rng, sample.series))
        values: list[float] = []
        try:
            answers = line.asked.estimates(((x[rows], y[rows]) for _, rows in cut), seed)
            for left in _paced(answers, len(cut), values):
                yield Step(line, left)
        except Exception as error:  # too few rows in a part, more often than not
            yield Step(replace(line, no_spread=f"a part of the rows could not be estimated: {message(error)}"))
            return
        of = [k for k, _ in cut]
        by_count = {k: [value for value, own in zip(values, of, strict=True) if own == k] for k in dict.fromkeys(of)}
        yield Step(replace(line, spread=intervals.from_parts(found.value, sample.n, by_count)))


def _with_test(line: Line, sample: Sample, x: Array, y: Array, count: int, seed: int) -> Iterator[Step]:
    orders = permutations.broken(sample, count, seed)
    values: list[float] = []
    try:
        for left in _paced(line.asked.estimates(((x, y[order]) for order in orders), seed + 1), count, values):
            yield Step(line, left)
    except Exception as error:
        yield Step(replace(line, no_test=f"broken pairs could not be estimated: {message(error)}"))
        return
    yield Step(replace(line, null=tuple(values)))


def _paced(answers: Iterable[Estimate], count: int, values: list[float]) -> Iterator[float]:
    """Put values into the list as they come; yields, now and then, how many seconds are left."""
    began = said = time.perf_counter()
    for answer in answers:
        values.append(answer.value)
        if (now := time.perf_counter()) - said > TICK:
            said = now
            yield (now - began) / len(values) * (count - len(values))

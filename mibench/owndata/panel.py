"""Who estimates: the estimators that fit the data, or those that are named, and how each is asked."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mibench import specs
from mibench.answers import plain
from mibench.called import named
from mibench.catalogue import Catalogue, Choice
from mibench.errors import NothingMatched
from mibench.fence import fenced
from mibench.interface import Array, Estimate
from mibench.owndata.sample import Sample


@dataclass(frozen=True)
class Asked:
    """An estimator on one sample.

    `asked_for` says that it was named. One with a field `folds` is trained, and cross-fitted over all rows.
    """

    choice: Choice
    asked_for: bool
    threads: int = 1
    device: str = "cpu"

    @property
    def label(self) -> str:
        """As `-e` takes it."""
        return ":".join([self.choice.name, *(f"{key}={specs.shown(v)}" for key, v in self.choice.changes.items())])

    @property
    def trained(self) -> bool:
        """Whether it trains critics."""
        return specs.has_field(self.choice.estimator, "folds")

    @property
    def cross_fitted(self) -> bool:
        """Whether all rows are held out once, in turn."""
        return self.trained and self.choice.estimator.folds > 1

    @property
    def direction(self) -> str:
        """What its number is in expectation."""
        return str(getattr(self.choice.estimator, "direction", "none"))

    def arrays(self, sample: Sample) -> tuple[Array, Array]:
        """The sample as this estimator wants categories."""
        return sample.arrays(bool(getattr(self.choice.estimator, "indicators", False)))

    def refusal(self, x: Array, y: Array) -> str | None:
        """Why it cannot estimate from arrays so large, in its own words."""
        refuses = getattr(self.choice.estimator, "refuses", None)
        if refuses is None:
            return None
        offered = {"n": len(x), "dim_x": x.shape[1], "dim_y": y.shape[1], "device": self.device, "task": None}
        with fenced():
            return refuses(**named(refuses, offered)) or None

    def estimate(self, x: Array, y: Array, seed: int) -> Estimate:
        """What it says; raises what it raises, and ValueError for what is no answer."""
        (answer,) = self._answers([(x, y)], seed)
        return answer

    def estimates(self, pairs: Iterable[tuple[Array, Array]], seed: int) -> Iterator[Estimate]:
        """The same of many samples of one shape, trained together where it can, with a seed a sample."""
        waiting, at_once = iter(pairs), 0
        while some := list(itertools.islice(waiting, at_once or 1)):
            yield from self._answers(some, seed)
            seed += len(some)
            at_once = at_once or self._at_once(*some[0])

    def _at_once(self, x: Array, y: Array) -> int:
        together = getattr(self.choice.estimator, "trials_at_once", None)
        return together(len(x), x.shape[1], y.shape[1], self.device) if together else 1

    def _answers(self, pairs: Sequence[tuple[Array, Array]], seed: int) -> list[Estimate]:
        """Raises the first exception that is an answer."""
        estimator = self.choice.estimator
        offered = {"device": self.device, "threads": self.threads}
        with fenced():
            if len(pairs) == 1:
                offered |= {"seed": seed, "draw": None}
                given = [estimator.estimate(*pairs[0], **named(estimator.estimate, offered))]
            else:
                offered |= {"seeds": [seed + k for k in range(len(pairs))], "draws": None}
                xs, ys = zip(*pairs, strict=True)
                given = list(estimator.estimate_many(list(xs), list(ys), **named(estimator.estimate_many, offered)))
        for answer in given:
            if isinstance(answer, Exception):
                raise answer
        return [plain(answer) for answer in given]


def panel(
    catalogue: Catalogue, sample: Sample, asked_for: Sequence[str], threads: int, device: Callable[[Any], str]
) -> list[Asked]:
    """The estimators named, or those whose `panel` has such data, quick ones first; `device` says where each computes.

    Settings of the class's `panel` for such data stand where none are given. Raises UsageError for unknown names.
    """
    fitting = [name for name, made in catalogue.estimators.items() if sample.kind in _panel(made)]
    choices = [_choice(catalogue, spec, sample) for spec in dict.fromkeys(specs.split(asked_for)) or fitting]
    asked = [Asked(one, bool(asked_for), threads, device(one.estimator)) for one in choices]
    if not asked:
        raise NothingMatched(f"no estimator says that it is for {sample.kind} data; name some with -e")
    return asked if asked_for else sorted(asked, key=lambda one: one.trained)


def _choice(catalogue: Catalogue, spec: str, sample: Sample) -> Choice:
    given = catalogue.estimator(spec)
    usual = _panel(given.estimator).get(sample.kind, {})
    name, changes = specs.parse(spec)
    return catalogue.choice(name, {**{key: value for key, value in usual.items() if key not in changes}, **changes})


def _panel(estimator: Any) -> Mapping[str, Mapping[str, Any]]:
    return getattr(estimator, "panel", {})

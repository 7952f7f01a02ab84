"""Many pairs at once: each column of x with each column of y, tested, and adjusted for how many they are."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mibench.owndata import cautions, permutations, text
from mibench.owndata.lines import UNITS, Line, steps
from mibench.owndata.panel import Asked
from mibench.owndata.permutations import LEVEL
from mibench.owndata.sample import Sample, described
from mibench.tables.numbers import number, p_value

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 40
"""Pairs that the page lists."""


@dataclass(frozen=True)
class Pair:
    """A column of x with one of y, and what an estimator says of them; `adjusted` is p for all pairs together."""

    x: str
    y: str
    line: Line
    adjusted: float | None = None


@dataclass(frozen=True)
class Matrix:
    """All pairs that were asked for; `str` of it is the page."""

    source: str
    sample: Sample
    pairs: tuple[Pair, ...]
    unit: str
    seed: int
    adjust: str
    said: tuple[str, ...] = ()
    left_out: int = 0
    interrupted: bool = False
    fitting: ClassVar[str] = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the estimator says, pair by pair."""
        return tuple(pair.line for pair in self.pairs)

    @cached_property
    def warnings(self) -> list[str]:
        """What may be wrong, each with what to do; of columns, as pairs have but one a side."""
        said = [one for one in cautions.of_sample(self.sample) if "rows are few" not in one]
        total, n = len(self.sample.x) * len(self.sample.y), self.sample.n
        if self.sample.series and total > LEVEL * n:
            said.append(
                f"{n} rows of a series have {n} turns in time, so that no p of {total} pairs can fall below {LEVEL} "
                "when adjusted: take fewer pairs"
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The pairs as JSON holds them, values in the unit asked for."""
        return {
            "source": self.source,
            "n": self.sample.n,
            "rows": {"of": self.sample.of, "missing": self.sample.dropped, "repeated": self.sample.repeated},
            "x": [described(one) for one in self.sample.x],
            "y": [described(one) for one in self.sample.y],
            "unit": self.unit,
            "seed": self.seed,
            "adjust": self.adjust,
            "interrupted": self.interrupted,
            "warnings": self.warnings,
            "pairs": [self._record(pair) for pair in self.pairs],
        }

    def to_frame(self) -> "pd.DataFrame":
        """The pairs as a table, a row a pair."""
        import pandas as pd

        return pd.DataFrame([self._record(pair) for pair in self.pairs])

    def _record(self, pair: Pair) -> dict[str, Any]:
        value = pair.line.value
        return {
            "x": pair.x,
            "y": pair.y,
            "estimator": pair.line.asked.label,
            "value": None if value is None else value * UNITS[self.unit],
            "p": pair.line.p,
            "p_adjusted": pair.adjusted,
            "status": pair.line.status,
            "reason": pair.line.reason or None,
            "permutations": len(pair.line.null),
        }

    notes: ClassVar[Sequence[str]] = ()
    """What would stand below the table of a single pair."""

    def page(self, width: int = text.WIDTH) -> str:
        """What a person reads, in lines of at most `width`."""
        return text.page(self, self.table(), width)

    def __str__(self) -> str:
        return self.page()

    def table(self, most: int = MOST_SHOWN) -> list[list[str]]:
        """A row for each pair, those that surely depend first, below the names of what stands in it."""
        ordered = sorted(self.pairs, key=lambda pair: (pair.adjusted if pair.adjusted is not None else 1, -_size(pair)))
        tested, why = any(pair.line.null for pair in ordered), any(pair.line.reason for pair in ordered[:most])
        header = ["x", "y", "estimator", self.unit]
        rows = [[*header, *["p", f"p, {self.adjust}"] * tested, *["says nothing because"] * why]]
        for pair in ordered[:most]:
            value = pair.line.value
            said = number(value * UNITS[self.unit]) if value is not None else "n/a"
            ps = ["–" if one is None else p_value(one, LEVEL) for one in (pair.line.p, pair.adjusted)]
            reason = [text.cut(pair.line.reason, 60)] * why
            rows.append([pair.x, pair.y, pair.line.asked.label, said, *ps * tested, *reason])
        return rows

    @property
    def answer(self) -> str:
        """What it comes to, in words."""
        said = []
        if self.interrupted:
            said.append(f"Interrupted: {len(self.pairs)} pairs were done by then, and p is adjusted for these alone.")
        if counts := {len(pair.line.null) for pair in self.pairs if pair.line.null}:
            found = [pair for pair in self.pairs if pair.adjusted is not None and pair.adjusted <= LEVEL]
            kept = {
                "holm": "the chance of any false one among them is",
                "bh": "of these, false ones are expected to be",
            }
            sure = f": {kept[self.adjust]} at most {LEVEL:.0%}" if found else ", which is no proof that none has any"
            count = f"{len(found) or 'None'} of {len(self.pairs)} pairs show{'' if len(found) > 1 else 's'}"
            said.append(f"{count} dependence{sure}. Each p is from {max(counts)} permutations.")
        if len(self.pairs) > MOST_SHOWN:
            said.append(f"The table shows {MOST_SHOWN} of {len(self.pairs)} pairs; --json prints and -o keeps all.")
        return " ".join(said)


def _size(pair: Pair) -> float:
    return -np.inf if pair.line.value is None else pair.line.value


def count(sample: Sample, asked: int | None) -> int:
    """How many permutations each pair is tested with."""
    if asked == 0:
        return 0
    pairs = len(sample.x) * len(sample.y)
    return permutations.needed(permutations.usual(sample.n, 2) if asked is None else asked, pairs)


def results(
    sample: Sample, choose: Callable[[Sample], Asked], tests: int, seed: int, adjust: str
) -> Iterator[tuple[list[Pair], float]]:
    """The pairs as far as they are, adjusted for how many they are, and the seconds until the last one."""
    began = time.perf_counter()
    done: list[Pair] = []
    total = len(sample.x) * len(sample.y)
    for x in sample.x:
        for y in sample.y:
            between = sample.between(x, y)
            for step in steps(choose(between), between, tests, seed, spread=False):
                line = step.line
            done.append(Pair(x.name, y.name, line))
            yield with_adjusted(done, adjust), (time.perf_counter() - began) / len(done) * (total - len(done))


def with_adjusted(pairs: Sequence[Pair], adjust: str) -> list[Pair]:
    """The pairs with their p adjusted for all that have one."""
    tested = [k for k, pair in enumerate(pairs) if pair.line.p is not None]
    adjusted = permutations.adjusted(np.array([pairs[k].line.p for k in tested], dtype=float), adjust)
    by_place = dict(zip(tested, adjusted.tolist(), strict=True))
    return [replace(pair, adjusted=by_place.get(k)) for k, pair in enumerate(pairs)]

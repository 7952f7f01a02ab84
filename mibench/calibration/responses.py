"""How an estimator responds to known information, on samples that are like one's own."""

import math
from dataclasses import dataclass

import numpy as np

from mibench.calibration import judged
from mibench.interface import Array

FEWEST = 12
"""Structures over which a worst error is taken."""

FAR = 100
"""Times the rows there are, beyond which no number is named."""


@dataclass(frozen=True, eq=False)
class Response:
    """`values` and `halves` `(m, 2)` are estimates of two samples each of m structures, of all and of half of the rows.

    `truths` `(m,)` and `observed`, the estimate of one's own sample, are in nats as they are.
    """

    label: str
    observed: float
    truths: Array
    values: Array
    halves: Array

    @property
    def interval(self) -> tuple[float, float]:
        """The true values that fit this estimate alone."""
        low, high = judged.alone(self.truths, self.values, self.observed)
        return max(low, 0.0), max(high, 0.0)

    def worst(self, interval: tuple[float, float]) -> tuple[float, float]:
        """The largest error in nats over structures in and about an interval, from all and from half of the rows."""
        beyond = np.maximum(interval[0] - self.truths, self.truths - interval[1])
        reach = max(0.05, float(np.sort(beyond)[min(FEWEST, len(beyond)) - 1]))
        near = beyond <= reach
        full, half = (
            float(np.sqrt(((said[near] - self.truths[near, None]) ** 2).mean(axis=1)).max())
            for said in (self.values, self.halves)
        )
        return full, half

    def needed(self, interval: tuple[float, float], rows: int, target: float) -> int | None:
        """Rows at which the worst error is the target, if it goes on to fall as it did from half of the rows to all.

        None if it did not fall, or if these are more than `FAR` times the rows.
        """
        full, half = self.worst(interval)
        if full <= target:
            return rows
        pace = min(math.log2(half / full), 1.0)
        if pace <= 0 or math.log(full / target) > pace * math.log(FAR):
            return None
        needed = rows * (full / target) ** (1 / pace)
        return int(float(f"{needed:.2g}"))

"""No term: the model of an application as it is without one."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl


@dataclass(frozen=True)
class NoTerm:
    """The same model, first weights, data and noise, without a term: what all others are measured against."""

    term: ClassVar[None] = None

    def refuses(self, n):
        """It estimates nothing."""
        return "it stands for an application's model without a term, and estimates nothing"

    def estimate(self, x, y):
        """Raises ValueError: see `refuses`."""
        raise ValueError(self.refuses(len(x)))


@hookimpl
def mibench_estimators():
    return {"none": NoTerm()}

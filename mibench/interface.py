"""What an estimator and a task are. This module imports nothing else of mibench."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
"""Samples: shape `(n, dim)`, float64, one row a draw."""

Draw = Callable[[int], tuple[Array, Array]]
"""`draw(n)` gives n fresh pairs `(x, y)` of the task, from a stream of their own."""

Direction = Literal["lower", "upper", "none"]
"""What an estimator's number is in expectation: a lower bound on the mutual information, an upper bound, or neither."""


@dataclass(frozen=True)
class Estimate:
    """A mutual information in nats, and what the estimator knows of it.

    `std` is the estimator's own standard error in nats. `ceiling` is a value in nats the estimator cannot exceed
    (InfoNCE: log of the batch). `ess` is the effective number of negatives behind log E[exp T]. `curve` holds
    (step, validation value in nats) pairs. `samples_seen` counts the distinct pairs that training drew. `path` says
    which of several equal computations ran. `flags` are warnings about the value: "unreliable", "saturated",
    "step-cap".
    """

    value: float
    std: float | None = None
    ceiling: float | None = None
    ess: float | None = None
    steps: int | None = None
    samples_seen: int | None = None
    curve: Sequence[tuple[int, float]] = ()
    flags: tuple[str, ...] = ()
    path: str | None = None


class Diverged(ArithmeticError):
    """Training broke down. `last` is the last good estimate, kept in the row beside the status `diverged`."""

    def __init__(self, message: str, last: Estimate | None = None):
        super().__init__(message)
        self.last = last

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.last)


@runtime_checkable
class Estimator(Protocol):
    """A frozen dataclass whose fields are its settings.

    `estimate` may also take, by name, `seed` (an int: the only source of randomness), `device` ("cpu", "cuda:0", ...),
    `threads` (how many it may use) and `draw` (see `Draw`; None unless the task or the estimator asks for fresh
    samples): it gets only what it names.

    Optional on the class:

    * `direction`: a `Direction`, "none" if absent;
    * `estimate_many(xs, ys, *, seeds, ...)` for many trials of one shape at once: the same names, `xs` and `ys` lists
      of arrays, `seeds` and `draws` lists; it returns one `Estimate`, or one exception, a trial, in order;
    * `trials_at_once(n, dim_x, dim_y, device)`: how many trials `estimate_many` should be given;
    * `family`, the name of a field whose values one computation can serve, and `estimate_family(x, y, siblings, ...)`:
      one `Estimate` for each of `siblings`, which differ in that field alone, each as on its own;
    * `devices`: the kinds of device it can use, the best first, `("cpu",)` if absent;
    * `fresh`: true if it wants `draw` on any task.
    """

    def estimate(self, x: Array, y: Array) -> "float | Estimate": ...


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass: a joint distribution whose mutual information is known.

    `mi` is in nats, a field or a property. Optional: `mi_error` (the truth's own standard error in nats, 0 if
    absent), `dim_x` and `dim_y` (known before a sample is drawn: trials of one shape are grouped), `fresh` (the task's
    protocol draws new samples at every training step), `source` (the paper or code it comes from), `version` (1 if
    absent; raised when the same fields come to give other samples), `content` (a checksum of files that samples are
    drawn from: rows made of other content are stale) and `log_pmi(x, y)` of shape `(n,)`, the pointwise mutual
    information in nats.
    """

    @property
    def mi(self) -> float: ...

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]: ...

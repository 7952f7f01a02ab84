"""What an estimator, a task and an application are. This module imports nothing else of mibench, and numpy where a
sample is at hand: a shell that asks for names does not wait for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float64]
    """Samples: shape `(n, dim)`, float64, one row a draw."""

Draw = Callable[[int], "tuple[Array, Array]"]
"""`draw(n)` gives n fresh pairs `(x, y)` of the task, from a stream of their own."""

Direction = Literal["lower", "upper", "none"]
"""What an estimator's number is in expectation: a lower bound on the mutual information, an upper bound, or neither."""


@dataclass(frozen=True)
class Estimate:
    """A mutual information in nats, and what the estimator knows of it.

    `std` is the estimator's own standard error in nats. `ceiling` is a value in nats the estimator cannot exceed
    (InfoNCE: log of the batch). `ess` is the effective number of negatives behind log E[exp T]. `curve` holds
    (step, validation value in nats) pairs. `parts` are values of equal, disjoint shares of the sample, whose mean
    `value` is. `samples_seen` counts the distinct pairs that training drew. `path` says which of several equal
    computations ran. `flags` are warnings about the value: "unreliable" (few effective negatives), "saturated"
    (near its ceiling), "step-cap" (training was cut), "repeated-rows" (the sample holds copies of rows; critics
    keep them on one side of the split), "collapsed" (the critic says the same of every pair, or the value lies a
    nat below 0, where any constant critic is better), "training-batch" (it is of pairs that training saw). `chosen`
    is what was picked without the truth, where there was a choice.
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
    parts: tuple[float, ...] = ()
    chosen: Mapping[str, Any] | None = None

    def __float__(self) -> float:
        return float(self.value)


class Diverged(ArithmeticError):
    """Training broke down. `last` is the last good estimate or outcome, kept in a row of the status `diverged`."""

    def __init__(self, message: str, last: Estimate | Outcome | None = None):
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
    * `discrete`: true if its data must be values that repeat, as `mibench check` then gives it;
    * `approach` and `year`, for lists: of what family it is ("critic", "density", "neighbours", "parametric", "table",
      or a word of one's own), and when it was published;
    * `estimate_many(xs, ys, *, seeds, ...)` for many trials of one shape at once: the same names, `xs` and `ys` lists
      of arrays, `seeds` and `draws` lists; it returns one `Estimate`, or one exception, a trial, in order;
    * `estimate_each`, the same as an iterator of `(position, answer)` pairs, each given as soon as it is known: it is
      shown at once, and kept whatever becomes of the others;
    * `trials_at_once(n, dim_x, dim_y, device)`: how many trials these should be given at most, and
      `least_batch(n, dim_x, dim_y, device)`: below how many it is no quicker than one by one, 1 if absent;
    * `family`, the name of a field whose values one computation can serve, and `estimate_family(x, y, siblings, ...)`:
      one `Estimate` for each of `siblings`, which differ in that field alone, each as on its own;
    * `devices`: the kinds of device it can use, the best first, `("cpu",)` if absent;
    * `panel`: the kinds of own data ("continuous", "rounded", "mixed", "discrete") that it is tried on where nobody
      names an estimator, each with the settings it has there where none are given;
    * `indicators`: true if it is given a category as a column of 0 and 1, and not as its place in the list of them;
    * `fresh`: true if it wants `draw` on any task;
    * `refuses(n, dim_x, dim_y, device, ...)`, arguments by name: the reason why it cannot do such a trial, None if it
      can; the trial then is `unsupported`, which is no failure;
    * `term(dim_x, dim_z, *, seed, device)`: a `Term`, for the models of an `Application`. Without it the estimator is
      unsupported there; a class whose `term` is None stands for the model without one;
    * `refuses_term()`: the reason why it can be no term with its settings, None if it can; a run that names them for an
      application is a usage error.
    """

    def estimate(self, x: Array, y: Array) -> float | Estimate:
        """The mutual information in nats of x `(n, dim_x)` and y `(n, dim_y)`, whose rows are pairs."""
        ...


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass: a joint distribution whose mutual information is known.

    `mi` is in nats, a field or a property. Optional: `mi_error` (the truth's own standard error in nats, 0 if
    absent), `dim_x` and `dim_y` (known before a sample is drawn: trials of one shape are grouped), `fresh` (the task's
    protocol draws new samples at every training step), `source` (the paper or code it comes from), `version` (1 if
    absent; raised when the same fields come to give other samples), `content` (a checksum of files that samples are
    drawn from: rows made of other content are stale), `rows_at_hand` (how many rows there are, where they are not drawn
    without end: all are used if no size is asked for) and `log_pmi(x, y)` of shape `(n,)`, the pointwise mutual
    information in nats.
    """

    @property
    def mi(self) -> float:
        """The mutual information in nats."""
        ...

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """n pairs: x `(n, dim_x)` and y `(n, dim_y)`, the same from the same `rng`."""
        ...


class Term(Protocol):
    """A differentiable estimate of mutual information inside a model: a torch module with a critic of its own.

    `x` is a tensor `(n, dim_x)` and `z` `(n, dim_z)`, whose rows are pairs. The model raises or lowers `term(x, z)`;
    the critic lowers `term.loss(x, z)`, in a step of its own that the application makes.
    """

    def __call__(self, x: Any, z: Any) -> Any:
        """A scalar tensor to raise or lower, differentiable in x and z. Changes nothing of the term."""
        ...

    def loss(self, x: Any, z: Any) -> Any:
        """What the critic minimises, a scalar tensor. It alone advances the term's state, such as running means."""
        ...

    def bound(self, x: Any, z: Any) -> Any:
        """The bound in nats, for reports. Changes nothing of the term."""
        ...

    def parameters(self) -> Any:
        """The critic's parameters, for its optimiser."""
        ...


MakeTerm = Callable[[int, int], Term | None]
"""`make_term(dim_x, dim_z)` gives a fresh term, or None where the model is trained without one."""


@dataclass(frozen=True)
class Score:
    """A number that says how good a trained model is.

    `direction` says which values are better. Means that differ by no more than `margin`, in the score's own unit, are
    equally good for all practical ends.
    """

    direction: Literal["higher", "lower"]
    margin: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a trained model came to.

    `scores` has a value for every score that the application declares. `mi_estimate` is the term's own bound at the
    end, in nats, where there is one. `curves` are lists of (step, value) by name, `pictures` small arrays to look at,
    `chosen` what was picked on validation data. `flags` are warnings, as an `Estimate` has them.
    """

    scores: Mapping[str, float]
    mi_estimate: float | None = None
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    pictures: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    chosen: Mapping[str, Any] | None = None
    flags: tuple[str, ...] = ()


@runtime_checkable
class Application(Protocol):
    """A frozen dataclass that trains a model with a term and says how good the model became.

    Optional on the class:

    * `baselines`: names of rows of its own that need no term (a mean image, a plain autoencoder), run once a seed;
    * `term_fields`: fields that are left out of the seed of data, first weights and noise, so that runs that differ in
      these alone are paired (`weight`, `clip`, ...);
    * `devices`: the kinds of device it can use, the best first, `("cpu",)` if absent;
    * `lacks`: what it needs and does not find (files, a package) and where they go, in one line, None if nothing: a run
      ends before it starts;
    * `source`, `version` and `content`, as a task has them.

    A model that breaks down raises `Diverged`, whose `last` is the outcome so far.
    """

    scores: ClassVar[Mapping[str, Score]]
    """The scores by name; the first decides."""

    def train(self, make_term: MakeTerm, *, seed: int, device: str, baseline: str | None = None) -> Outcome:
        """Train a model and score it; with `baseline` one of `baselines` instead, whose `make_term` gives None.

        `seed` is the only source of data, first weights and noise: the same for every term. It is a 32-bit int.
        """
        ...


def paired(x: Any, y: Any) -> tuple[Array, Array]:
    """Whatever holds two samples, as float64 arrays `(n, dim_x)` and `(n, dim_y)`: see `columns`.

    Raises ValueError, in one line, where rows cannot be pairs.
    """
    indices = [z.index for z in (x, y) if hasattr(z, "to_numpy") and hasattr(z, "index")]
    if len(indices) == 2 and len(x) == len(y) and not indices[0].equals(indices[1]):
        raise ValueError("x and y have different indices, and rows are paired by position: align them, or give arrays")
    x, y = columns(x, "x"), columns(y, "y")
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows and y has {len(y)}; rows are pairs, so the two must be equal")
    return x, y


def columns(z: Any, name: str) -> Array:
    """One side of a sample as float64 `(n, dim)`; an array that is one already is not copied.

    Takes arrays, lists, Series, DataFrames and tensors of real numbers; 1-D becomes one column, and bools become 0
    and 1. Raises ValueError, in one line that begins with `name`, for all else: complex, masked, not finite or no
    numbers at all ("0.3" is none), other shapes, no rows or no columns.
    """
    import numpy as np

    if isinstance(z, list | tuple) and any(isinstance(part, np.ma.MaskedArray) for part in z):
        raise ValueError(f"{name} is a {type(z).__name__} of masked arrays: give one array, with nothing masked")
    if isinstance(z, np.ma.MaskedArray) and z.dtype.names is None:
        z = _unmasked(z, name)
    given = _array(z, name)
    values = given[:, None] if given.ndim == 1 else given
    if values.ndim == 0:
        raise ValueError(f"{name} is of type {type(z).__name__}; it must be an array (n, dim) of numbers")
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{name} has shape {given.shape}; it must be (n, dim) with n >= 1 and dim >= 1")
    if values.dtype.kind == "c":
        raise ValueError(f"{name} is complex: give its real and its imaginary part as columns of their own")
    if values.dtype.kind == "O":
        values = _real(values, name)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} holds {values.dtype} values such as {values[0, 0]!r:.40}, which are no real numbers")
    with np.errstate(over="ignore"):  # a long double beyond float64 is found just below
        values = values.astype(np.float64, copy=False)
    finite = np.isfinite(values)
    if not finite.all():
        raise ValueError(_where(f"holds {values[~finite][0]}", ~finite, name))
    return values


def _array(z: Any, name: str) -> npt.NDArray[Any]:
    """What numpy makes of it. No library is imported for this: tensors and frames are known by what they can do."""
    import numpy as np

    try:
        if hasattr(z, "detach"):  # torch: bfloat16 has no counterpart in numpy, and float64 none on some devices
            z = z.detach().cpu()
            z = (z.double() if z.is_floating_point() else z).numpy()
        return np.asarray(z.to_numpy() if hasattr(z, "to_numpy") else z)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name} is of type {type(z).__name__} and no array (n, dim) of numbers: {' '.join(str(error).split())}"
        ) from None


def _unmasked(z: Any, name: str) -> npt.NDArray[Any]:
    import numpy as np

    masked = np.ma.getmaskarray(z)
    if masked.any():
        raise ValueError(_where("is masked", masked, name))
    return np.asarray(z.data)


def _real(values: npt.NDArray[Any], name: str) -> Array:
    """Objects one by one, as frames of several types hold them; numpy would read "0.3" as a number."""
    import numpy as np

    wrong = np.array([[not isinstance(v, Real | np.bool_) for v in row] for row in values])
    if wrong.any():
        said = f"holds {values[wrong][0]!r:.40}, which is no real number,"
        raise ValueError(_where(said, wrong, name, "give numbers or "))
    return np.array([[_as_float(v) for v in row] for row in values])


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # whole numbers and fractions beyond float64
        return math.inf if value > 0 else -math.inf


def _where(what: str, bad: npt.NDArray[np.bool_], name: str, instead: str = "") -> str:
    import numpy as np

    row, *column = np.argwhere(np.atleast_1d(bad))[0].tolist()
    at = f"row {row}, column {column[0] if column else 0}"
    return f"{name} {what} at {at} ({bad.sum()} such values in all): {instead}drop these rows before estimating"


def __getattr__(name: str) -> Any:
    """`Array`, as it is asked for."""
    if name != "Array":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np
    import numpy.typing as npt

    return npt.NDArray[np.float64]

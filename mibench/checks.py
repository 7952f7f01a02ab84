"""The promises every estimator and every task keeps, as named functions; `mibench check` and the test suite run them.

A check returns nothing when the promise holds and raises `Broken` with what was seen when it does not.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from mibench import trial
from mibench.interface import Array, Diverged, Estimate


class Broken(AssertionError):
    """A promise that is not kept: what was expected and what was seen."""


class Refused(Exception):
    """The estimator says that it cannot take the data a promise is tried on, so there is nothing to judge."""


@dataclass(frozen=True)
class Verdict:
    """One promise of one estimator or task point, and what broke it, or why it could not be tried, if either."""

    subject: str
    promise: str
    broken: str | None
    unsupported: str | None = None


def gaussian_pair(n: int, mi: float, seed: int, dim: int = 1) -> tuple[Array, Array]:
    """Correlated normals of the stated mutual information in their first pair of coordinates; written here, apart
    from the tasks that are checked."""
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    rho = np.zeros(dim)
    rho[0] = math.sqrt(-math.expm1(-2 * mi))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def estimate(estimator: Any, x: Array, y: Array, seed: int = 0) -> float:
    """The value an estimator gives, asked as the harness asks; raises `Refused` if it refuses such data."""
    if hasattr(estimator, "refuses"):
        facts = {"n": len(x), "dim_x": x.shape[1], "dim_y": y.shape[1], "device": "cpu", "task": None}
        reason = estimator.refuses(**trial.named(estimator.refuses, facts))
        if reason is not None:
            raise Refused(str(reason))
    offered = {
        "seed": seed,
        "device": "cpu",
        "threads": 1,
        "draw": _drawer() if getattr(estimator, "fresh", False) else None,
    }
    answer = estimator.estimate(x, y, **trial.named(estimator.estimate, offered))
    return float(answer.value if isinstance(answer, Estimate) else answer)


def _drawer() -> Callable[[int], tuple[Array, Array]]:
    rng = np.random.default_rng(99)

    def draw(n: int) -> tuple[Array, Array]:
        return gaussian_pair(n, 0.5, int(rng.integers(2**32)))

    return draw


def brief(estimator: Any, steps: int) -> Any:
    """The same estimator, trained for at most so many `steps`, if that is one of its fields."""
    trained = is_dataclass(estimator) and type(getattr(estimator, "steps", None)) is int
    return replace(estimator, steps=min(estimator.steps, steps)) if trained else estimator


N = 2000

GLANCE = 100
"""Training steps where a promise holds after few or never: how far a critic has come plays no part in it."""

SCATTER = 0.25
"""Nats around the truth of 1. The pointwise mutual information of a normal pair has the standard deviation of its
correlation, 0.93 nats there, so its mean over the fifth of N rows that a critic may be read on has 0.93 / √400 = 0.047;
this is five of that."""

LEAST = 0.5
"""Nats of 1, and of 5, that a lower bound must find: it may be loose, but one that says less than half of a plain
dependence was not trained, or broke down."""

NOTHING = 0.1
"""Nats around 0. Estimates of nothing scatter less than those of something: at n = 2000 by 0.01 to 0.02, of held-out
bounds and of nearest neighbours alike; this is five of that."""


def is_frozen(estimator: Any) -> None:
    """its fields are its settings and cannot be changed"""
    for f in fields(estimator):
        try:
            setattr(estimator, f.name, None)
        except FrozenInstanceError:
            continue
        raise Broken(f"field {f.name} could be set; write @dataclass(frozen=True)")


def says_its_direction(estimator: Any) -> None:
    """it says whether its number is a lower bound, an upper bound or neither"""
    direction = getattr(estimator, "direction", "none")
    if direction not in ("lower", "upper", "none"):
        raise Broken(f"direction is {direction!r}; expected 'lower', 'upper' or 'none'")


def repeats_itself(estimator: Any) -> None:
    """the same sample and seed give the same number, to the last bit"""
    x, y = gaussian_pair(500, 0.5, seed=1)
    quick = brief(estimator, GLANCE)
    first, second = estimate(quick, x, y, seed=7), estimate(quick, x, y, seed=7)
    if first != second:
        raise Broken(f"gave {first!r}, then {second!r}, on one sample with one seed")


def accepts_the_shapes(estimator: Any) -> None:
    """it takes (n, dim_x) and (n, dim_y), also where they differ, or refuses them, and gives a finite number"""
    refused = []
    shapes = (1, 1), (2, 3), (3, 1)
    for dim_x, dim_y in shapes:
        x, _ = gaussian_pair(400, 0.0, seed=2, dim=dim_x)
        _, y = gaussian_pair(400, 0.0, seed=3, dim=dim_y)
        try:
            value = estimate(brief(estimator, GLANCE), x, y)
        except Refused as said:
            refused.append(said)
            continue
        if not math.isfinite(value):
            raise Broken(f"gave {value} for x of shape {x.shape} and y of shape {y.shape}")
    if len(refused) == len(shapes):
        raise refused[0]


def is_near_zero_when_independent(estimator: Any) -> None:
    """on independent normals, n = 2000, it is within 0.1 nats of zero"""
    x, _ = gaussian_pair(N, 0.0, seed=4)
    _, y = gaussian_pair(N, 0.0, seed=5)
    value = estimate(estimator, x, y)
    if not abs(value) < NOTHING:
        raise Broken(f"gave {value:.3f} nats where the truth is 0")


def is_near_the_truth(estimator: Any) -> None:
    """on a correlated normal pair of 1 nat, n = 2000, it is within 0.25 nats, or a bound that says at least half"""
    value = estimate(estimator, *gaussian_pair(N, 1.0, seed=6))
    direction = getattr(estimator, "direction", "none")
    low = LEAST if direction == "lower" else 1 - SCATTER
    high = math.inf if direction == "upper" else 1 + SCATTER
    if not low < value < high:
        raise Broken(f"gave {value:.3f} nats where the truth is 1")


def holds_where_dependence_is_strong(estimator: Any) -> None:
    """on a correlated normal pair of 5 nats, n = 2000, it does not break down: it says at least half a nat"""
    value = estimate(brief(estimator, 10 * GLANCE), *gaussian_pair(N, 5.0, seed=11))
    if not LEAST < value < math.inf:
        raise Broken(f"gave {value:.3f} nats where the truth is 5: what is exponentiated, or divided, overflowed?")


def leaves_its_input_alone(estimator: Any) -> None:
    """it does not write to x or y, and takes arrays that cannot be written to"""
    x, y = gaussian_pair(400, 0.5, seed=8)
    kept = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    estimate(brief(estimator, GLANCE), x, y)
    if not (np.array_equal(x, kept[0]) and np.array_equal(y, kept[1])):
        raise Broken("x or y was changed")


def leaves_global_randomness_alone(estimator: Any) -> None:
    """it neither reads nor moves the global random state of numpy or Python"""
    x, y = gaussian_pair(400, 0.5, seed=9)
    values = []
    for state in (1, 2):
        np.random.seed(state)  # noqa: NPY002
        random.seed(state)
        before = np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
        values.append(estimate(brief(estimator, GLANCE), x, y, seed=3))
        after = np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
        if repr(before[0]) != repr(after[0]) or before[1] != after[1]:
            raise Broken("the global random state moved; draw from default_rng(seed)")
    if values[0] != values[1]:
        raise Broken("the number depends on the global random state; draw from default_rng(seed)")


def refuses_bad_input_clearly(estimator: Any) -> None:
    """NaN in the data raises an error that says so, or gives no number; it never gives a finite one"""
    x, y = gaussian_pair(400, 0.5, seed=10)
    x[3, 0] = math.nan
    try:
        value = estimate(brief(estimator, GLANCE), x, y)
    except (ValueError, Diverged) as error:
        if not str(error).strip():
            raise Broken(f"raised {type(error).__name__} without a message") from error
        return
    except Refused:
        raise
    except Exception as error:
        raise Broken(f"raised {type(error).__name__} on NaN; raise ValueError and say what was seen") from error
    if math.isfinite(value):
        raise Broken(f"gave {value:.3f} for data that holds NaN")


ESTIMATOR_PROMISES: tuple[Callable[[Any], None], ...] = (
    is_frozen,
    says_its_direction,
    repeats_itself,
    accepts_the_shapes,
    is_near_zero_when_independent,
    is_near_the_truth,
    holds_where_dependence_is_strong,
    leaves_its_input_alone,
    leaves_global_randomness_alone,
    refuses_bad_input_clearly,
)


def has_a_truth(task: Any) -> None:
    """its mutual information is a finite number of nats, not negative, and its error is known"""
    truth, error = float(task.mi), float(getattr(task, "mi_error", 0.0))
    if not (math.isfinite(truth) and truth >= 0):
        raise Broken(f"mi is {truth}; expected a finite number that is not negative")
    if not (math.isfinite(error) and error >= 0):
        raise Broken(f"mi_error is {error}")


def draws_the_right_shapes(task: Any) -> None:
    """it draws n rows a side, float64, as wide as it says"""
    for n in (1, 257):
        x, y = task.sample(n, np.random.default_rng(0))
        for name, side in (("x", x), ("y", y)):
            if not isinstance(side, np.ndarray) or side.ndim != 2 or len(side) != n or side.dtype != np.float64:
                shape = getattr(side, "shape", type(side).__name__)
                raise Broken(f"{name} is {shape} {getattr(side, 'dtype', '')}; expected ({n}, dim) float64")
            said = getattr(task, f"dim_{name}", None)
            if said is not None and side.shape[1] != said:
                raise Broken(f"{name} has {side.shape[1]} columns, dim_{name} says {said}")


def draws_finite_values(task: Any) -> None:
    """all it draws is finite"""
    x, y = task.sample(500, np.random.default_rng(1))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Broken("drew values that are not finite")


def repeats_its_draws(task: Any) -> None:
    """the same stream gives the same sample, another stream another one; global randomness is not used"""
    first, again, other = (task.sample(64, np.random.default_rng(seed)) for seed in (2, 2, 3))
    if not all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)):
        raise Broken("two draws from equal streams differ")
    if all(np.array_equal(a, b) for a, b in zip(first, other, strict=True)):
        raise Broken("draws from different streams are equal")


TASK_PROMISES: tuple[Callable[[Any], None], ...] = (
    is_frozen,
    has_a_truth,
    draws_the_right_shapes,
    draws_finite_values,
    repeats_its_draws,
)


def check(subject: str, thing: Any, promises: tuple[Callable[[Any], None], ...]) -> Iterator[Verdict]:
    """Hold a thing to its promises, one verdict each; an error inside a check is a promise not kept."""
    for promise in promises:
        said = " ".join((promise.__doc__ or promise.__name__).split())
        try:
            promise(thing)
        except Broken as broken:
            yield Verdict(subject, said, str(broken))
        except Refused as reason:
            yield Verdict(subject, said, None, str(reason))
        except Exception as error:
            yield Verdict(subject, said, f"raised {type(error).__name__}: {error}")
        else:
            yield Verdict(subject, said, None)

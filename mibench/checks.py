"""The promises every estimator and every task keeps, as named functions; `mibench check` and the test suite run them.

A check returns nothing when the promise holds and raises `Broken` with what was seen when it does not.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any

import numpy as np

from mibench import trial
from mibench.interface import Array, Diverged, Estimate


class Broken(AssertionError):
    """A promise that is not kept: what was expected and what was seen."""


@dataclass(frozen=True)
class Verdict:
    """One promise of one estimator or task point, and what broke it, if anything did."""

    subject: str
    promise: str
    broken: str | None


def gaussian_pair(n: int, mi: float, seed: int, dim: int = 1) -> tuple[Array, Array]:
    """Correlated normals of the stated mutual information in their first pair of coordinates; written here, apart
    from the tasks that are checked."""
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    rho = np.zeros(dim)
    rho[0] = math.sqrt(-math.expm1(-2 * mi))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def estimate(estimator: Any, x: Array, y: Array, seed: int = 0) -> float:
    """The value an estimator gives, asked as the harness asks."""
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


N = 2000


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
    first, second = estimate(estimator, x, y, seed=7), estimate(estimator, x, y, seed=7)
    if first != second:
        raise Broken(f"gave {first!r}, then {second!r}, on one sample with one seed")


def accepts_the_shapes(estimator: Any) -> None:
    """it takes (n, dim_x) and (n, dim_y), also where dim_x and dim_y differ, and gives a finite number"""
    for dim_x, dim_y in ((1, 1), (2, 3), (3, 1)):
        x, _ = gaussian_pair(400, 0.0, seed=2, dim=dim_x)
        _, y = gaussian_pair(400, 0.0, seed=3, dim=dim_y)
        value = estimate(estimator, x, y)
        if not math.isfinite(value):
            raise Broken(f"gave {value} for x of shape {x.shape} and y of shape {y.shape}")


def is_near_zero_when_independent(estimator: Any) -> None:
    """on independent normals, n = 2000, it is within 0.1 nats of zero"""
    x, _ = gaussian_pair(N, 0.0, seed=4)
    _, y = gaussian_pair(N, 0.0, seed=5)
    value = estimate(estimator, x, y)
    if not abs(value) < 0.1:
        raise Broken(f"gave {value:.3f} nats where the truth is 0")


def is_near_the_truth(estimator: Any) -> None:
    """on a correlated normal pair of 1 nat, n = 2000, it is within 0.25 nats, or on its side if it is a bound"""
    value = estimate(estimator, *gaussian_pair(N, 1.0, seed=6))
    low = -math.inf if getattr(estimator, "direction", "none") == "lower" and value > 0.5 else 0.75
    high = math.inf if getattr(estimator, "direction", "none") == "upper" else 1.25
    if not low < value < high:
        raise Broken(f"gave {value:.3f} nats where the truth is 1")


def leaves_its_input_alone(estimator: Any) -> None:
    """it does not write to x or y, and takes arrays that cannot be written to"""
    x, y = gaussian_pair(400, 0.5, seed=8)
    kept = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    estimate(estimator, x, y)
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
        values.append(estimate(estimator, x, y, seed=3))
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
        value = estimate(estimator, x, y)
    except (ValueError, Diverged) as error:
        if not str(error).strip():
            raise Broken(f"raised {type(error).__name__} without a message") from error
        return
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
        except Exception as error:
            yield Verdict(subject, said, f"raised {type(error).__name__}: {error}")
        else:
            yield Verdict(subject, said, None)

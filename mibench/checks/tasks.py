"""The promises that every point of a task keeps."""

import math
from typing import Any

import numpy as np

from mibench.checks.promises import Broken, Promise, is_frozen


def has_a_truth(task: Any) -> None:
    """its mutual information is a finite number of nats, not negative, and its error is known"""
    truth, error = float(task.mi), float(getattr(task, "mi_error", 0.0))
    if not (math.isfinite(truth) and truth >= 0):
        raise Broken(f"mi is {truth}; expected a finite number that is not negative")
    if not (math.isfinite(error) and error >= 0):
        raise Broken(f"mi_error is {error}; expected its standard error in nats, 0 where it is exact")


def draws_the_right_shapes(task: Any) -> None:
    """it draws n rows a side, float64, as wide as it says"""
    for n in (1, 257):
        x, y = task.sample(n, np.random.default_rng(0))
        for name, side in (("x", x), ("y", y)):
            if not isinstance(side, np.ndarray) or side.ndim != 2 or len(side) != n or side.dtype != np.float64:
                shape = getattr(side, "shape", type(side).__name__)
                raise Broken(
                    f"{name} is {shape} {getattr(side, 'dtype', '')}; of n = {n} rows; expected ({n}, dim) float64"
                )
            said = getattr(task, f"dim_{name}", None)
            if said is not None and side.shape[1] != said:
                raise Broken(f"{name} has {side.shape[1]} columns, dim_{name} says {said}")


def draws_finite_values(task: Any) -> None:
    """all it draws is finite"""
    x, y = task.sample(500, np.random.default_rng(1))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Broken("drew values that are not finite; draw such rows anew, or cut the tail and state that truth")


def repeats_its_draws(task: Any) -> None:
    """the same stream gives the same sample, another stream another one; global randomness is not used"""
    first, again, other = (task.sample(64, np.random.default_rng(seed)) for seed in (2, 2, 3))
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True)):
        raise Broken("two draws from equal streams differ; draw from the rng that is given alone")
    if all(np.array_equal(a, b) for a, b in zip(first, other, strict=True)):
        raise Broken("draws from different streams are equal; draw from the rng that is given")


PROMISES: tuple[Promise, ...] = (
    is_frozen,
    has_a_truth,
    draws_the_right_shapes,
    draws_finite_values,
    repeats_its_draws,
)

"""What a critic cannot be trained on, known before it is: the same words for a refusal and for an error."""

from math import isqrt
from typing import Protocol

import numpy as np

from mibench.counts import without_atoms
from mibench.interface import Array
from mibench.neural.bound import Bound

FEWEST = 4
"""Pairs that training, validation and test need at least."""

SMALLEST = 4
"""Convolutions go on while the map is wider than this."""

NOT_OF_A_TERM = (
    "steps", "batch_size", "learning_rate", "averaging", "scaling", "split", "folds", "fresh", "validate_every",
    "patience", "window", "inputs",
)  # fmt: skip
"""Fields of an estimate's own training: in a term the batches, the critic's steps and their rate are the model's, and
there is no training part to fit a scaling or inputs on."""

INPUTS = "plain", "norm", "canonical"

LEADING = 4
"""Canonical variates that `inputs=canonical` adds, at most."""

DENSITIES = {"y|x", "y", "mixture y|x", "mixture y", "x|y"}
PICTURES = {"encoded-picture", "places"}
"""Heads that are densities of one side as it is, the last of x, and heads that read pictures alone."""


def checked(settings: Bound) -> None:
    """Say which setting cannot be run."""
    for name in ("steps", "negatives", "test_negatives", "folds", "validate_every", "patience", "embedding"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name}={getattr(settings, name)} must be at least 1")
    if settings.batch_size < 2:
        raise ValueError(f"batch_size={settings.batch_size} must be at least 2: partners come from the batch")
    if not settings.hidden or min(settings.hidden) < 1:
        raise ValueError(f"hidden={settings.hidden} needs the width of at least one layer, such as 64x64")
    if settings.inputs not in INPUTS:
        raise ValueError(f"inputs={settings.inputs!r} is none of {', '.join(INPUTS)}")
    if settings.inputs != "plain" and PICTURES & {*settings.heads}:
        raise ValueError(f"inputs={settings.inputs} adds numbers that a convolution cannot read: leave inputs=plain")
    if not 0 <= settings.window <= settings.steps:
        raise ValueError(f"window={settings.window} must be at least 0 and at most steps={settings.steps}")
    if settings.window and settings.folds > 1:
        raise ValueError(
            f"folds={settings.folds} tests each row once, and window={settings.window} none: set one of them"
        )
    if settings.fresh and settings.folds > 1:
        raise ValueError(
            f"folds={settings.folds} shares out a fixed sample, and fresh=true draws a new one: set one of them"
        )


class Shared(Protocol):
    """Settings that say how a sample is shared out: see `Bound`."""

    @property
    def split(self) -> tuple[int, ...]:
        """Shares for training, validation and test."""
        ...

    @property
    def folds(self) -> int:
        """How many test parts there are."""
        ...


def shares(settings: Shared, n: int) -> tuple[int, int, int]:
    """Of n rows, how many are for training, validation and test."""
    if len(settings.split) != 3 or min(settings.split) < 1:
        raise ValueError(f"split={settings.split} needs three shares above 0: training, validation, test")
    share = np.array(settings.split) / sum(settings.split)
    test = n // settings.folds if settings.folds > 1 else round(n * share[2])
    valid = round((n - test) * share[1] / (share[0] + share[1]))
    return n - test - valid, valid, test


def added(settings: Bound, dim_x: int, dim_y: int) -> tuple[int, int]:
    """How many numbers `inputs` adds to x, and how many to y."""
    if settings.inputs == "plain":
        return 0, 0
    variates = min(LEADING, dim_x, dim_y) if settings.inputs == "canonical" else 0
    of_x, of_y = (1 + variates * (dim > variates) for dim in (dim_x, dim_y))
    of_first, of_second = densities(settings)
    return of_x * (not of_first), of_y * (not of_second)


def densities(settings: Bound) -> tuple[bool, bool]:
    """Of the two sides that are scored, whether a head is a density of it."""
    heads = DENSITIES & {*settings.heads}
    return "x|y" in heads, bool(heads - {"x|y"})


def with_density(settings: Bound, x: Array, y: Array) -> None:
    """Raises ValueError where a head is a density of a side with too many equal values (see `mibench.counts.ATOM`)."""
    for z, has_density, name in zip((x, y), densities(settings), settings.sides("x", "y"), strict=True):
        if has_density:
            without_atoms(z, name)


def too_few(settings: Shared, n: int) -> str | None:
    """Why n rows cannot be shared out; None if they can."""
    train, valid, test = shares(settings, n)
    if min(train, valid, test) >= FEWEST:
        return None
    return f"n={n} leaves {train} pairs for training, {valid} for validation, {test} for test: {FEWEST} needed of each"


def no_term(settings: Bound) -> str | None:
    """Why the settings can be no term's; None if they can."""
    kind = type(settings)
    if settings.recipe != "mibench":
        return f"{kind.__name__}: recipe={settings.recipe} says how estimates were made and means nothing in a term"
    who, wrong = kind.__name__, [f for f in NOT_OF_A_TERM if getattr(settings, f) != getattr(kind, f)]
    if wrong:
        seen, usual = (", ".join(f"{f}={getattr(one, f)}" for f in wrong) for one in (settings, kind))
        return f"{who}: {seen} means nothing in a term, whose data and steps are its model's; leave {usual}"
    one, other = settings.sides("x", "z")
    if one == other:
        return f"{who} scores {one} against {other} with these settings, so it can be no term on x and z"
    return None


def unreadable(head: str, dim_x: int, dim_y: int) -> str | None:
    """Why a head (see `Bound.heads`) cannot read sides so wide; None if it can."""
    if head == "places" and dim_x != dim_y:
        return f"form=local needs pictures of one size, not {dim_x} and {dim_y} pixels"
    side = isqrt(dim_y)
    if head in PICTURES and (side * side != dim_y or side <= SMALLEST or side & (side - 1)):
        return f"encoder=convolution needs square pictures with a side of 8, 16, 32, ..., not {dim_y} numbers"
    return None

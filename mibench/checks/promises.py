"""A promise: a function that returns where it holds, and raises `Broken` with what was seen where it does not."""

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from mibench.fence import fenced

Promise = Callable[[Any], None]


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


def check(subject: str, thing: Any, promises: tuple[Promise, ...]) -> Iterator[Verdict]:
    """Hold a thing to its promises, one verdict each; an error inside a check is a promise not kept."""
    for promise in promises:
        said, environment = words(promise), dict(os.environ)
        try:
            with fenced():
                promise(thing)
        except Broken as broken:
            yield Verdict(subject, said, str(broken))
        except Refused as reason:
            yield Verdict(subject, said, None, str(reason))
        except Exception as error:
            yield Verdict(subject, said, f"raised {type(error).__name__}: {error}")
        else:
            yield Verdict(subject, said, None)
        finally:
            os.environ.clear()
            os.environ.update(environment)


def words(promise: Promise) -> str:
    """What it promises, in a line."""
    return " ".join((promise.__doc__ or promise.__name__).split())


def brief(thing: Any, steps: int) -> Any:
    """The same, trained for at most so many `steps`, if that is one of its fields."""
    trained = is_dataclass(thing) and type(getattr(thing, "steps", None)) is int
    return replace(thing, steps=min(thing.steps, steps)) if trained else thing


def is_frozen(thing: Any) -> None:
    """its fields are its settings and cannot be changed"""
    for f in fields(thing):
        try:
            setattr(thing, f.name, None)
        except FrozenInstanceError:
            continue
        raise Broken(f"field {f.name} could be set; write @dataclass(frozen=True)")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global random states of numpy, Python and, where it is loaded, torch from this seed; then as they were.

    Raises Broken where they moved between.
    """
    before = global_states()
    seed_globally(seed)
    start = global_states()
    try:
        yield
        now = global_states()
        if any(repr(now[k]) != repr(start[k]) for k in range(3) if start[k] is not None):
            raise Broken("the global random state moved; draw from a generator of its own, made from `seed`")
    finally:
        np.random.set_state(before[0])  # noqa: NPY002
        random.setstate(before[1])
        if before[2] is not None:
            torch = sys.modules["torch"]
            torch.set_rng_state(torch.tensor(before[2], dtype=torch.uint8))


def seed_globally(seed: int) -> None:
    """As an author does who is careless."""
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def global_states() -> tuple[Any, Any, Any]:
    """Those of numpy, Python and torch; None for torch where it is not loaded."""
    torch = sys.modules.get("torch")
    of_torch = None if torch is None else torch.get_rng_state().tolist()
    return np.random.get_state(legacy=False), random.getstate(), of_torch  # noqa: NPY002

"""A promise: a function that returns where it holds, and raises `Broken` with what was seen where it does not."""

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from typing import Any

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

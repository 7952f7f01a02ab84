"""A run as Python asks for it: estimators and tasks are names or objects, and all else is what Python calls it."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench import runs
from mibench import settings as asked
from mibench.errors import UsageError, one_line
from mibench.seeds import Seeds

if TYPE_CHECKING:
    import pandas as pd


def prepare(
    estimators: Any,
    tasks: Any,
    samples: int | Iterable[int] | None,
    seeds: int | str | Iterable[int],
    output: str | Path | None,
    options: Mapping[str, Any],
) -> runs.Prepared:
    """The run that is asked for in Python's words: names or objects, numbers or lists of them."""
    objects: dict[str, Any] = {}
    stated: dict[str, Any] = {
        "estimators": _named(estimators, objects),
        "tasks": _named(tasks, objects),
        "samples": () if samples is None else samples,
        "seeds": str(Seeds.of(seeds)),
        "output": None if output is None else str(output),
        **options,
    }
    return runs.prepare(asked.of({name: _worded(name, value) for name, value in stated.items()}), objects=objects)


def _named(given: Any, objects: dict[str, Any]) -> tuple[str, ...]:
    """Names of estimators or tasks; those of objects are put beside them into `objects`."""
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Mapping):
        _put(objects, given)
        return tuple(given)
    if dataclasses.is_dataclass(given) or isinstance(given, type):
        name = (given if isinstance(given, type) else type(given)).__name__
        _put(objects, {name: given})
        return (name,)
    if not isinstance(given, Iterable):
        raise UsageError(
            f"{one_line(repr(given), 80)} is no estimator and no task: give a name, a frozen dataclass "
            "(a function needs one around it), or a list of them"
        )
    return tuple(name for one in given for name in _named(one, objects))


def _put(objects: dict[str, Any], named: Mapping[str, Any]) -> None:
    for name, thing in named.items():
        if objects.setdefault(name, thing) is not thing:
            raise UsageError(f"two objects are called '{name}': give them names, {{name: object}}")


def _worded(name: str, value: Any) -> Any:
    """A value of Python as a setting holds it: texts where the command line takes texts."""
    default = asked.FIELDS[name].default if name in asked.FIELDS else None
    if isinstance(default, tuple):
        return (
            (str(value),)
            if isinstance(value, str | Path) or not isinstance(value, Iterable)
            else tuple(map(str, value))
        )
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if (number and name in ("timeout", "memory")) or isinstance(value, Path) else value


def whole(prepared: runs.Prepared) -> "pd.DataFrame":
    """Run what is to do and return all rows of the folder."""
    assert prepared.writer is not None
    for _ in prepared.results():
        pass
    return prepared.writer.export()

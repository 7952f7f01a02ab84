"""A trial's row: its columns, what each of them may hold, and what an estimator's answer becomes in it."""

import functools
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np

from mibench.errors import one_line
from mibench.interface import Estimate

SCHEMA_VERSION = 1

SETTLED = ("ok", "unsupported")
"""Statuses that are no failure: such a trial is not run again."""


@dataclass(frozen=True)
class Result:
    """One row: what was asked, what came out, and what the number depends on. Missing values are None.

    Columns are added at the end, with a default, and never renamed or removed: a table that lacks one is read as
    holding the default.
    """

    trial_id: str
    run_id: str
    status: str
    estimator: str
    estimator_params: str
    task: str
    point: str
    task_params: str
    dim_x: int | None
    dim_y: int | None
    n_samples: int | None
    seed: int
    mi_true: float | None
    mi_true_error: float | None
    mi_estimate: float | None
    mi_std: float | None
    bound: str
    ceiling: float | None
    ess: float | None
    flags: str
    samples_seen: int | None
    steps: int | None
    trained_together: int | None
    path: str | None
    fit_seconds: float | None
    wall_seconds: float | None
    peak_mb: float | None
    device: str
    device_name: str
    dtype: str
    threads: int | None
    error: str | None
    started_at: str | None
    host: str
    mibench_version: str
    torch_version: str
    code: str
    schema_version: int
    kind: str = "task"
    scores: str | None = None
    chosen: str | None = None
    sequence: str = ""


@dataclass(frozen=True)
class Column:
    """What a column holds: `int`, `float` or `str`, None too if it is `optional`; a `later` one has a default."""

    name: str
    kind: type
    optional: bool
    default: Any = None
    later: bool = False


def _column(name: str, hint: Any, default: Any) -> Column:
    kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType] or [hint]
    later = default is not MISSING
    return Column(name, kinds[0], types.NoneType in typing.get_args(hint), default if later else None, later)


_HINTS = typing.get_type_hints(Result)
COLUMNS: Mapping[str, Column] = {f.name: _column(f.name, _HINTS[f.name], f.default) for f in fields(Result)}
"""The columns of a row by name, in order."""

LARGEST = 2**63 - 1


def from_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of a stored row in the order of the columns; those it lacks are empty, or a later column's default.

    Raises ValueError for a value that its column cannot hold.
    """
    found = tuple([_held(column, row.get(name)) for name, column in COLUMNS.items()])
    for name in ("estimator_params", "task_params"):
        if not _is_object(row[name]):
            raise ValueError(f"{name} holds {row[name][:40]!r}")
    return found


@functools.lru_cache(maxsize=4096)
def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _held(column: Column, value: Any) -> Any:
    if value is None and column.later:
        return column.default
    kind = type(value)
    if kind is column.kind or (value is None and column.optional):
        if kind is not int or abs(value) <= LARGEST:
            return value
    elif column.kind is float and kind is int and abs(value) <= LARGEST:
        return float(value)
    raise ValueError(f"{column.name} holds {str(value)[:40]!r}")


def plain(answer: Any) -> Estimate:
    """What an estimator returned, as an `Estimate` of Python's own numbers; a value may be NaN or infinite.

    Raises ValueError where it is neither a number nor an `Estimate` that a row can hold.
    """
    if not isinstance(answer, Estimate):
        return Estimate(_number(answer, f"estimate returned {type(answer).__name__}; expected a float or an Estimate"))
    if isinstance(answer.flags, str) or not all(isinstance(flag, str) for flag in answer.flags):
        raise ValueError(f"estimate returned flags={str(answer.flags)[:40]!r}; expected a tuple of words")
    if not isinstance(answer.path, str | None):
        raise ValueError(f"estimate returned path={type(answer.path).__name__}; expected text")
    try:
        curve = tuple((int(step), float(value)) for step, value in answer.curve)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("estimate returned a curve that is no list of (step, value) pairs") from None
    return Estimate(
        value=_number(
            answer.value, f"estimate returned a value that is {type(answer.value).__name__}; expected a float"
        ),
        std=_finite("std", answer.std),
        ceiling=_finite("ceiling", answer.ceiling),
        ess=_finite("ess", answer.ess),
        steps=_whole("steps", answer.steps),
        samples_seen=_whole("samples_seen", answer.samples_seen),
        curve=curve,
        flags=tuple(re.sub(r"[\s,;]+", "-", one_line(flag, 80)) for flag in answer.flags),
        path=None if answer.path is None else one_line(answer.path, 80),
    )


def _number(value: Any, refusal: str) -> float:
    try:
        if isinstance(value, str | bytes | bytearray) or np.iscomplexobj(value):  # float() would take these too
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(refusal) from None


def _finite(name: str, value: Any) -> float | None:
    """A number that says something, or None."""
    if value is None:
        return None
    found = _number(value, f"estimate returned {name}={str(value)[:40]}; expected a number or None")
    return found if math.isfinite(found) else None


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    refusal = f"estimate returned {name}={str(value)[:40]}; expected a whole number below 2^63 or None"
    found = _number(value, refusal)
    if not found.is_integer() or abs(found) > LARGEST:
        raise ValueError(refusal)
    return int(value)

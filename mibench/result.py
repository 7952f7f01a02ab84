"""A trial's row: its columns, what each of them may hold, and the scores in one of them."""

import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from mibench.interface import Score

SCHEMA_VERSION = 1

SETTLED = ("ok", "unsupported")
"""Statuses that are no failure: such a trial is not run again."""

BASELINE = "baseline"
"""The flag of a model that is one of its application's own baselines: it is shown beside the terms, and is none."""

ONE_SAMPLE = "one-sample"
"""The flag of a trial that drew all rows there are: its seeds are no independent samples, and nothing is tested."""


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


@dataclass(frozen=True)
class Scored:
    """A score as a row keeps it: NaN where it was not finite or not given."""

    value: float
    better: str
    """Which values are: "higher" or "lower"."""
    margin: float


def scores_text(values: Mapping[str, float], declared: Mapping[str, Score]) -> str:
    """The scores as a row keeps them: JSON by name, in order, each with what is needed to judge it."""
    kept = {
        name: {
            "value": value if math.isfinite(value) else None,
            "better": declared[name].direction,
            "margin": float(declared[name].margin),
        }
        for name, value in values.items()
    }
    return json.dumps(kept, separators=(",", ":"), allow_nan=False)


def read_scores(text: str | None) -> dict[str, Scored]:
    """What `scores_text` wrote; nothing of what is no such text."""
    try:
        return {
            str(name): Scored(
                math.nan if kept["value"] is None else float(kept["value"]), str(kept["better"]), float(kept["margin"])
            )
            for name, kept in json.loads(text or "{}").items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}

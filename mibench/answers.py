"""What an estimator or an application returned or raised: checked, and as columns of a row."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mibench.errors import one_line
from mibench.failures import message, out_of_memory
from mibench.interface import Diverged, Estimate, Outcome, Score
from mibench.result import LARGEST
from mibench.specs import canonical

Answer = Estimate | Outcome
"""What comes back from a trial: of a task, or of an application."""


def judged(answer: Any, read: Callable[[Any, bool], Answer]) -> tuple[str, dict[str, Any], Answer | None]:
    """A trial's status, the columns that it fills, and what it returned, if that can be used.

    `read(answer, partial)` checks what was returned, and raises ValueError; of what is partial some may be missing.
    """
    if isinstance(answer, Diverged):
        return _diverged(message(answer), answer.last, read)
    if isinstance(answer, Exception):
        return "oom" if out_of_memory(answer) else "error", {"error": message(answer)}, None
    try:
        found = read(answer, False)
    except ValueError as error:
        return "error", {"error": message(error)}, None
    if isinstance(found, Estimate):
        what, value = "the estimate", found.value
    else:
        name, value = next(iter(found.scores.items()))
        what = f"the score {name}"
    if not math.isfinite(value):
        return _diverged(f"{what} is {value}", found, read)
    return "ok", _measured(found), found


def _diverged(error: str, last: Any, read: Callable[[Any, bool], Answer]) -> tuple[str, dict[str, Any], Answer | None]:
    """The row keeps the last good answer, if there is one that a row can hold."""
    if last is None:
        return "diverged", {"error": error}, None
    try:
        found = read(last, True)
    except ValueError as unusable:
        return "diverged", {"error": one_line(f"{error} ({unusable})")}, None
    return "diverged", {"error": error, **_measured(found)}, found


def _measured(found: Answer) -> dict[str, Any]:
    """The columns that an answer fills; scores need more than it says."""
    both = {"chosen": None if found.chosen is None else canonical(found.chosen), "flags": ",".join(found.flags)}
    if isinstance(found, Outcome):
        return both | {"mi_estimate": found.mi_estimate}
    return both | {
        "mi_estimate": found.value if math.isfinite(found.value) else None,
        "mi_std": found.std,
        "ceiling": found.ceiling,
        "ess": found.ess,
        "samples_seen": found.samples_seen,
        "steps": found.steps,
        "path": found.path,
    }


def plain(answer: Any) -> Estimate:
    """What an estimator returned, as an `Estimate` of Python's own numbers; a value may be NaN or infinite.

    Raises ValueError where it is neither a number nor an `Estimate` that a row can hold.
    """
    if not isinstance(answer, Estimate):
        return Estimate(_number(answer, f"estimate returned {type(answer).__name__}; expected a float or an Estimate"))
    flags = _words("estimate", answer.flags)
    if not isinstance(answer.path, str | None):
        raise ValueError(f"estimate returned path={type(answer.path).__name__}; expected text")
    curve = _curve("estimate", answer.curve)
    return Estimate(
        value=_number(
            answer.value, f"estimate returned a value that is {type(answer.value).__name__}; expected a float"
        ),
        std=_spread(answer.std),
        ceiling=_finite("ceiling", answer.ceiling),
        ess=_finite("ess", answer.ess),
        steps=_whole("steps", answer.steps),
        samples_seen=_whole("samples_seen", answer.samples_seen),
        curve=curve,
        flags=flags,
        path=None if answer.path is None else one_line(answer.path, 80),
        parts=tuple(_number(part, "estimate returned parts that are no numbers") for part in answer.parts),
        chosen=_chosen("estimate", answer.chosen),
    )


def plain_outcome(answer: Any, declared: Mapping[str, Score], partial: bool = False) -> Outcome:
    """What training returned, as an `Outcome` of Python's own numbers, its scores in the order they are declared.

    Raises ValueError where it is none, has a score that is not declared, or lacks one that is; with `partial` only the
    first is needed.
    """
    if not isinstance(answer, Outcome):
        raise ValueError(f"train returned {type(answer).__name__}; expected an Outcome")
    for part in ("scores", "curves", "pictures"):
        if not isinstance(getattr(answer, part), Mapping):
            raise ValueError(f"train returned {part} that is no mapping from names")
    if unknown := [name for name in answer.scores if name not in declared]:
        raise ValueError(f"train returned a score {unknown[0]!r} that the application does not declare")
    needed = list(declared)[:1] if partial else list(declared)
    if missing := [name for name in needed if name not in answer.scores]:
        raise ValueError(f"train returned no score {missing[0]!r}, which the application declares")
    values = {name: answer.scores[name] for name in declared if name in answer.scores}
    pictures = {str(name): np.asarray(picture) for name, picture in answer.pictures.items()}
    if odd := [name for name, picture in pictures.items() if picture.dtype.kind not in "biuf"]:
        raise ValueError(f"train returned a picture {odd[0]!r} that is no array of numbers")
    return Outcome(
        {
            name: _number(value, f"train returned {name}={str(value)[:40]}; expected a float")
            for name, value in values.items()
        },
        _finite("mi_estimate", answer.mi_estimate, "train"),
        {str(name): _curve("train", curve) for name, curve in answer.curves.items()},
        pictures,
        _chosen("train", answer.chosen),
        _words("train", answer.flags),
    )


def _words(who: str, flags: Any) -> tuple[str, ...]:
    if isinstance(flags, str) or not all(isinstance(flag, str) for flag in flags):
        raise ValueError(f"{who} returned flags={str(flags)[:40]!r}; expected a tuple of words")
    return tuple(re.sub(r"[\s,;]+", "-", one_line(flag, 80)) for flag in flags)


def _chosen(who: str, chosen: Any) -> Any:
    try:
        json.dumps(chosen, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{who} returned chosen that JSON cannot hold: keep texts and finite numbers") from None
    return chosen


def _curve(who: str, curve: Any) -> tuple[tuple[int, float], ...]:
    try:
        return tuple((int(step), float(value)) for step, value in curve)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{who} returned a curve that is no list of (step, value) pairs") from None


NO_NUMBERS = (str, bytes, bytearray, bool, np.bool_)
"""What float() takes all the same."""


def _number(value: Any, refusal: str) -> float:
    try:
        if isinstance(value, NO_NUMBERS) or np.iscomplexobj(value):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(refusal) from None


def _finite(name: str, value: Any, who: str = "estimate") -> float | None:
    """A number that says something, or None."""
    if value is None:
        return None
    found = _number(value, f"{who} returned {name}={str(value)[:40]}; expected a number or None")
    return found if math.isfinite(found) else None


def _spread(value: Any) -> float | None:
    found = _finite("std", value)
    if found is not None and found < 0:
        raise ValueError(f"estimate returned std={found}; expected a number that is not negative, or None")
    return found


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    refusal = f"estimate returned {name}={str(value)[:40]}; expected a whole number below 2^63 or None"
    found = _number(value, refusal)
    if not found.is_integer() or abs(found) > LARGEST:
        raise ValueError(refusal)
    return int(value)

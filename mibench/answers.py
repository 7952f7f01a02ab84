"""What an estimator or an application returned or raised: checked, and as columns of a row."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.errors import one_line
from mibench.failures import message, out_of_memory
from mibench.interface import Diverged, Estimate, Outcome, Score
from mibench.result import BASELINE, LARGEST, ONE_SAMPLE
from mibench.specs import canonical, nearest

Answer = Estimate | Outcome
"""What comes back from a trial: of a task, or of an application."""


COLLAPSED = -1.0
"""Nats. To know nothing gives 0, and learning too much from some hundred pairs takes tenths off that: a value below
this is what is left of an estimator that broke down, or was lost in too few pairs, whichever it is."""


class Unsound(ValueError):
    """An outcome that a row cannot hold as it is; `kept` is what of it is right."""

    def __init__(self, wrong: Sequence[str], kept: Outcome):
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        super().__init__("train returned " + "; ".join(wrong[:3]) + more)
        self.kept = kept


def judged(answer: Any, read: Callable[[Any, bool], Answer]) -> tuple[str, dict[str, Any], Answer | None]:
    """A trial's status, the columns that it fills, and what it returned, as far as that can be used.

    `read(answer, partial)` checks what was returned, and raises ValueError; of what is partial some may be missing.
    """
    if isinstance(answer, Diverged):
        return _diverged(message(answer), answer.last, read)
    if isinstance(answer, Exception):
        return "oom" if out_of_memory(answer) else "error", {"error": message(answer)}, None
    try:
        found = read(answer, False)
    except Unsound as error:
        return "error", {"error": message(error), **_measured(error.kept)}, error.kept
    except ValueError as error:
        return "error", {"error": message(error)}, None
    if isinstance(found, Estimate):
        numbers = {"the estimate": found.value}
    else:
        name, value = next(iter(found.scores.items()))
        numbers = {f"the score {name}": value}
        if found.mi_estimate is not None:
            numbers["the term's bound at the end, mi_estimate,"] = found.mi_estimate
    for what, value in numbers.items():
        if not math.isfinite(value):
            return "diverged", {"error": f"{what} is {value}", **_measured(found)}, found
    return "ok", _measured(found), found


def _diverged(error: str, last: Any, read: Callable[[Any, bool], Answer]) -> tuple[str, dict[str, Any], Answer | None]:
    """The row keeps the last good answer, if there is one that a row can hold."""
    if last is None:
        return "diverged", {"error": error}, None
    try:
        found = read(last, True)
    except ValueError as unusable:
        kept = getattr(unusable, "kept", None)
        columns = {} if kept is None else _measured(kept)
        return "diverged", {"error": one_line(f"{error} ({unusable})"), **columns}, kept
    return "diverged", {"error": error, **_measured(found)}, found


def _measured(found: Answer) -> dict[str, Any]:
    """The columns that an answer fills; scores need more than it says."""
    both = {"chosen": None if found.chosen is None else canonical(found.chosen), "flags": ",".join(found.flags)}
    if isinstance(found, Outcome):
        return both | {"mi_estimate": _said(found.mi_estimate)}
    return both | {
        "mi_estimate": _said(found.value),
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
        value = _number(answer, f"estimate returned {type(answer).__name__}; expected a float or an Estimate")
        return Estimate(value, flags=_with_collapsed((), value))
    value = _number(answer.value, f"estimate returned a value that is {type(answer.value).__name__}; expected a float")
    flags = _with_collapsed(_words("estimate", answer.flags), value)
    if not isinstance(answer.path, str | None):
        raise ValueError(f"estimate returned path={type(answer.path).__name__}; expected text")
    curve = _curve(answer.curve, "estimate returned a curve")
    return Estimate(
        value=value,
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


def _with_collapsed(flags: tuple[str, ...], value: float) -> tuple[str, ...]:
    """The flags, and whether the value lies a nat below 0, which is nobody's information."""
    return (*flags, "collapsed") if value < COLLAPSED and "collapsed" not in flags else flags


def plain_outcome(answer: Any, declared: Mapping[str, Score], partial: bool = False) -> Outcome:
    """What training returned, as an `Outcome` of Python's own numbers, its scores in the order they are declared.

    A score or `mi_estimate` may be NaN or infinite. Raises ValueError where it is no outcome; and `Unsound` where parts
    of it are of the wrong kind, or it has a score that is not declared, or lacks one that is; with `partial` only the
    first is needed.
    """
    if not isinstance(answer, Outcome):
        raise ValueError(f"train returned {one_line(type(answer).__name__)}; expected an Outcome")
    wrong: list[str] = []

    def tried(read: Callable[..., Any], *given: Any) -> Any:
        try:
            return read(*given)
        except ValueError as error:
            wrong.append(str(error).removeprefix("train returned "))
            return None

    def each(part: str, read: Callable[[str, Any], Any]) -> dict[str, Any]:
        """The entries of a mapping that can be read."""
        given = tried(_mapping, part, getattr(answer, part)) or {}
        pairs = [(str(name), tried(read, str(name), value)) for name, value in given.items()]
        return {name: value for name, value in pairs if value is not None}

    def score(name: str, value: Any) -> float:
        if name not in declared:
            known = f"declare it in `scores`, or leave it out; {nearest(name, declared)}"
            raise ValueError(f"a score '{name}' that the application does not declare: {known}")
        return _number(value, f"{name}={_short(value)}; expected a float")

    scores = each("scores", score)
    for name in list(declared)[:1] if partial else declared:
        if isinstance(answer.scores, Mapping) and name not in answer.scores:
            wrong.append(f"no score '{name}', which the application declares: give it a value, NaN if it has none")
    found = Outcome(
        {name: scores[name] for name in declared if name in scores},
        tried(_bound, answer.mi_estimate),
        each("curves", lambda name, curve: _curve(curve, f"a curve '{name}'")),
        each("pictures", _picture),
        tried(_chosen, "train", answer.chosen),
        tried(_words, "train", answer.flags) or (),
    )
    if wrong:
        raise Unsound(wrong, found)
    return found


def _mapping(part: str, given: Any) -> Mapping[Any, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{part}={_short(given)}; expected a mapping from names")
    return given


def _bound(value: Any) -> float | None:
    return None if value is None else _number(value, f"mi_estimate={_short(value)}; expected a number or None")


def _picture(name: str, given: Any) -> npt.NDArray[Any]:
    try:
        array = np.asarray(given)
    except Exception:  # rows of several lengths, or a tensor that needs a gradient or lies on another device
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"a picture '{name}' that is no array of numbers, but {_short(given)}; give a numpy array")
    return array


def _short(value: Any) -> str:
    """What was seen, in a few letters and one line."""
    try:
        return one_line(str(value), 40)
    except Exception:  # it may be anyone's
        return type(value).__name__


def _words(who: str, flags: Any) -> tuple[str, ...]:
    several = isinstance(flags, Iterable) and not isinstance(flags, str)
    if not several or not all(isinstance(flag, str) for flag in flags):
        raise ValueError(f"{who} returned flags={str(flags)[:40]!r}; expected a tuple of words")
    words = tuple(re.sub(r"[\s,;]+", "-", one_line(flag, 80)) for flag in flags)
    if taken := {BASELINE, ONE_SAMPLE}.intersection(words):
        raise ValueError(f"{who} returned the flag {min(taken)}, which mibench alone gives; choose another word")
    return words


def _chosen(who: str, chosen: Any) -> Any:
    if not isinstance(chosen, Mapping | None):
        raise ValueError(f"{who} returned chosen={_short(chosen)}; expected a mapping from names")
    try:
        canonical(chosen)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{who} returned chosen that JSON cannot hold: keep texts and finite numbers") from None
    return chosen


def _curve(curve: Any, what: str) -> tuple[tuple[int, float], ...]:
    try:
        return tuple((int(step), float(value)) for step, value in curve)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} that is no list of (step, value) pairs") from None


NO_NUMBERS = (str, bytes, bytearray, bool, np.bool_)
"""What float() takes all the same."""


def _number(value: Any, refusal: str) -> float:
    try:
        if isinstance(value, NO_NUMBERS) or np.iscomplexobj(value):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(refusal) from None


def _finite(name: str, value: Any) -> float | None:
    """A number that says something, or None."""
    if value is None:
        return None
    return _said(_number(value, f"estimate returned {name}={str(value)[:40]}; expected a number or None"))


def _said(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


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

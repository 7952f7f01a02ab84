"""What every family asks of its fields: a bad one is refused with one line, a good one is kept in one form.

A task is known by its fields, so `mi=2` and `mi=2.0` must not be two tasks: each check stores the value it accepts.
"""

import math
from typing import Any


def count(owner: Any, name: str, *, least: int = 1, most: int | None = None) -> int:
    """The field as an int of at least `least`."""
    value = getattr(owner, name)
    if isinstance(value, bool) or not _is_whole(value):
        raise ValueError(f"{_who(owner)}: {name}={value!r} must be a whole number")
    if value < least or (most is not None and value > most):
        upper = "" if most is None else f" and at most {most}"
        raise ValueError(f"{_who(owner)}: {name}={value!r} must be at least {least}{upper}")
    object.__setattr__(owner, name, int(value))
    return int(value)


def real(
    owner: Any,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    why: str = "",
) -> float:
    """The field as a finite float in the given range: `least` and `most` are allowed, `above` and `below` are not."""
    value = getattr(owner, name)
    if isinstance(value, bool | str) or not _is_number(value):
        raise ValueError(f"{_who(owner)}: {name}={value!r} must be a number")
    if not (math.isfinite(value) and least <= value <= most and above < value < below):
        bounds = [f">= {least:g}"] * (least > -math.inf) + [f"> {above:g}"] * (above > -math.inf)
        bounds += [f"<= {most:g}"] * (most < math.inf) + [f"< {below:g}"] * (below < math.inf)
        wanted = " and ".join(bounds) or "finite"
        raise ValueError(f"{_who(owner)}: {name}={value!r} must be {wanted}{f' ({why})' if why else ''}")
    object.__setattr__(owner, name, float(value))
    return float(value)


def choice(owner: Any, name: str, allowed: tuple[str, ...]) -> str:
    """The field as one of the allowed words."""
    value = getattr(owner, name)
    if value not in allowed:
        raise ValueError(f"{_who(owner)}: {name}={value!r} must be one of {', '.join(allowed)}")
    return str(value)


def _who(owner: Any) -> str:
    return type(owner).__name__


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_whole(value: Any) -> bool:
    return _is_number(value) and not isinstance(value, str) and math.isfinite(value) and float(value) == int(value)

"""How methods that a plugin may write in several ways are called: with what they ask for, by name."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def named(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """What of `offered` the function asks for by name."""
    asked = inspect.signature(function).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in asked.values())
    return {name: value for name, value in offered.items() if takes_all or name in asked}


def gives_each(kind: type) -> bool:
    """Whether a class gives answers one by one; not if it inherits that and has an `estimate_many` of its own."""
    for made in kind.__mro__:
        if "estimate_each" in vars(made):
            return True
        if "estimate_many" in vars(made):
            return False
    return False

"""What an exception of anyone's code becomes in a row: one line, and whether memory ran out."""

import contextlib
import traceback

from mibench.errors import one_line
from mibench.interface import Diverged


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out, whoever reports it."""
    text = said(error)
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in text
        or "CUDA out of memory" in text
    )


def message(error: BaseException) -> str:
    """What it says, with its kind in front where that says more."""
    text = one_line(said(error))
    named_kinds = (ValueError, Diverged)
    return text if text and isinstance(error, named_kinds) else one_line(f"{type(error).__name__}: {text}".rstrip(": "))


def said(error: BaseException) -> str:
    """Its message; an exception of a plugin's own may fail to have one."""
    try:
        return str(error)
    except Exception:
        return ""


def trace() -> None:
    """Print where an error came from, if it can be printed."""
    with contextlib.suppress(Exception):
        traceback.print_exc()

"""How kernels are compiled. Importing this imports numba, so the kernels' modules are imported inside functions."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_CONFIG: Any = numba.config
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


@cache
def cache_folder(room: Path) -> str:
    """Beside the kernels or, where that is read-only, in the user's cache; empty where neither can be written.

    Named for what all kernels of the room say: numba keeps a kernel until its own file changes, with all it calls.
    """
    text = b"".join(source.read_bytes() for source in [Path(__file__), *sorted(room.glob("*.py"))])
    name = f"kernels-{hashlib.sha256(text).hexdigest()[:12]}"
    for folder in (room / "__pycache__" / name, Path(os.path.expanduser("~/.cache/mibench"), name)):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return str(folder)
    return ""


def _compile(function: Kernel, options: dict[str, Any]) -> Kernel:
    configured = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = configured or cache_folder(Path(function.__code__.co_filename).parent)
    try:
        compiled: Kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba may write nowhere
        compiled = numba.njit(**options)(function)
    finally:
        _CONFIG.CACHE_DIR = configured
    return compiled


def kernel(function: Kernel) -> Kernel:
    """Compile, serial and without the interpreter's lock; keep the machine code on disk where that can be written."""
    return _compile(function, _OPTIONS)


def rounding_kernel(*allowed: str) -> Callable[[Kernel], Kernel]:
    """The same, rounded more freely: "contract" rounds a product and a sum once, "reassoc" takes sums in any order."""
    return lambda function: _compile(function, {"fastmath": set(allowed), **_OPTIONS})


def inlined(function: Kernel) -> Kernel:
    """A part of kernels, pasted into them: a call would count references to its arrays, 50 ns each time."""
    pasted: Kernel = numba.njit(inline="always", **_OPTIONS)(function)
    return pasted

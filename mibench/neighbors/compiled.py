"""How kernels are compiled. Importing this imports numba, so the kernels' modules are imported inside functions."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def _cache_folder() -> str:
    """A folder named for what all kernels say: numba keeps a kernel until its own file changes, with all it calls."""
    room = Path(__file__).parent
    text = b"".join(source.read_bytes() for source in sorted(room.glob("*.py")))
    return str(room / "__pycache__" / f"kernels-{hashlib.sha256(text).hexdigest()[:12]}")


_FOLDER = _cache_folder()
_CONFIG: Any = numba.config
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def kernel(function: Kernel) -> Kernel:
    """Compile, serial and without the interpreter's lock; keep the machine code on disk where that can be written."""
    configured = _CONFIG.CACHE_DIR
    for folder in dict.fromkeys([configured or _FOLDER, ""]):
        _CONFIG.CACHE_DIR = folder
        try:
            compiled: Kernel = numba.njit(cache=True, **_OPTIONS)(function)
        except RuntimeError:  # numba may not write there
            continue
        else:
            return compiled
        finally:
            _CONFIG.CACHE_DIR = configured
    uncached: Kernel = numba.njit(**_OPTIONS)(function)
    return uncached


def inlined(function: Kernel) -> Kernel:
    """A part of kernels, pasted into them: a call would count references to its arrays, 50 ns each time."""
    pasted: Kernel = numba.njit(inline="always", **_OPTIONS)(function)
    return pasted

"""How kernels are compiled. Importing this imports numba, so the kernels' modules are imported inside functions."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def _cache_folder() -> str:
    """Beside the package or, where that is read-only, in the user's cache; empty where neither can be written.

    Named for what all kernels say: numba keeps a kernel until its own file changes, with all it calls.
    """
    room = Path(__file__).parent
    text = b"".join(source.read_bytes() for source in sorted(room.glob("*.py")))
    name = f"kernels-{hashlib.sha256(text).hexdigest()[:12]}"
    for folder in (room / "__pycache__" / name, Path(os.path.expanduser("~/.cache/mibench"), name)):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return str(folder)
    return ""


_FOLDER = _cache_folder()
_CONFIG: Any = numba.config
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def kernel(function: Kernel) -> Kernel:
    """Compile, serial and without the interpreter's lock; keep the machine code on disk where that can be written."""
    configured = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = configured or _FOLDER
    try:
        compiled: Kernel = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # numba may write nowhere
        compiled = numba.njit(**_OPTIONS)(function)
    finally:
        _CONFIG.CACHE_DIR = configured
    return compiled


def inlined(function: Kernel) -> Kernel:
    """A part of kernels, pasted into them: a call would count references to its arrays, 50 ns each time."""
    pasted: Kernel = numba.njit(inline="always", **_OPTIONS)(function)
    return pasted

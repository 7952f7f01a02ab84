"""How kernels are compiled. Importing this imports numba, so the kernels' modules are imported inside functions."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """Compile, serial and without the interpreter's lock; keep the machine code on disk where that can be written."""
    try:
        compiled: Kernel = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba finds no place for its cache: compile once a process
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return compiled

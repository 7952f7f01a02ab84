"""Which path runs."""

import warnings
from functools import cache

from mibench.neighbors.paths import Path

STRIPS_WIN = 50_000
"""Rows of 1 + 1 columns from which the strips of a CPU are faster than all pairs on a GPU (an H200, measured)."""


def choose(dim_x: int, dim_y: int, threads: int = 1, device: str = "cpu", n: int = 0) -> Path:
    """The fastest path there is for this shape, of n rows, on this device."""
    if device.startswith("cuda") and (dim_x > 1 or dim_y > 1 or n < STRIPS_WIN):
        return _on_cuda(device)
    if refusal := no_path(device):
        raise ValueError(refusal)
    reason = _not_compiled()
    if reason is None:
        from mibench.neighbors.compiled_path import CompiledPath

        return CompiledPath(threads, "numba-strip" if dim_x == dim_y == 1 else "numba-tree")
    from mibench.neighbors.scipy_path import ScipyPath

    return ScipyPath(threads)


def no_path(device: str) -> str | None:
    """Why there is no path on a device, if there is none."""
    if device.partition(":")[0] in ("cpu", "cuda"):
        return None
    return f"nearest neighbours need float64 and run on cpu or cuda, not on {device!r}"


@cache
def _on_cuda(device: str) -> Path:
    """Compiled kernels where torch can compile them, or torch's own; warns of these, once a process."""
    from mibench.neighbors.cuda_path import CudaPath, refused
    from mibench.neighbors.torch_path import TorchPath

    reason = refused(device)
    if reason is None:
        return CudaPath(device)
    warnings.warn(
        f"nearest neighbours run on torch's own operations on {device}, many times slower than compiled: {reason}",
        RuntimeWarning,
        stacklevel=3,
    )
    return TorchPath(device)


@cache
def _not_compiled() -> str | None:
    """Why the compiled path cannot run, if it cannot; warns of it, once a process."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        warnings.warn(
            f"nearest neighbours run on scipy, 3 to 15 times slower than compiled ({error}): "
            "pip install 'mibench[fast]'",
            RuntimeWarning,
            stacklevel=2,
        )
        return str(error)
    return None

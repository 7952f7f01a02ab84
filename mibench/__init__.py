"""mibench runs any mutual-information estimator on any task with known mutual information."""

from mibench.hooks import hookimpl
from mibench.interface import Array, Diverged, Draw, Estimate, Estimator, Task

__version__ = "0.1.0"
__all__ = ["Array", "Diverged", "Draw", "Estimate", "Estimator", "Task", "__version__", "hookimpl"]


def __getattr__(name: str):  # type: ignore[no-untyped-def]
    """The four verbs, imported when they are first used: plugins import mibench too, and need none of this."""
    if name in ("estimator", "tasks", "run", "load"):
        from mibench import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module 'mibench' has no attribute '{name}'")

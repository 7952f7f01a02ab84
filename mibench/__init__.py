"""mibench runs any mutual-information estimator on any task with known mutual information."""

from mibench.hooks import hookimpl
from mibench.interface import Array, Diverged, Draw, Estimate, Estimator, Task

__version__ = "0.1.0"
__all__ = ["Array", "Diverged", "Draw", "Estimate", "Estimator", "Task", "__version__", "hookimpl"]

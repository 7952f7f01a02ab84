"""Neural estimators: a bound on the mutual information, and a critic trained to make it tight.

A neural estimator is a subclass of `NeuralEstimator` with one method, `bound`, written for one critic. Importing this
package imports no torch; training does.
"""

from typing import TYPE_CHECKING

from mibench.neural.bound import jensen_shannon, log_mean_exp
from mibench.neural.estimator import NeuralEstimator, RatioEstimator
from mibench.neural.published import FIGURE_1, SONG_ERMON, STAIRCASE, Published

if TYPE_CHECKING:
    from mibench.neural.loss import clip_adaptive, objective

__all__ = [
    "FIGURE_1",
    "SONG_ERMON",
    "STAIRCASE",
    "NeuralEstimator",
    "Published",
    "RatioEstimator",
    "clip_adaptive",
    "jensen_shannon",
    "log_mean_exp",
    "objective",
]


def __getattr__(name: str):  # type: ignore[no-untyped-def]
    """What is for use inside a model needs torch, and is imported when it is first used."""
    if name in ("clip_adaptive", "objective"):
        from mibench.neural import loss

        return getattr(loss, name)
    raise AttributeError(f"module 'mibench.neural' has no attribute '{name}'")

"""InfoNCE (van den Oord et al. 2018, arXiv 1807.03748), the bound of contrastive predictive coding."""

from dataclasses import dataclass
from math import log

from mibench import hookimpl
from mibench.neural import STAIRCASE, NeuralEstimator


@dataclass(frozen=True)
class InfoNCE(NeuralEstimator):
    """I(X;Y) ≥ E[T(x,y) − log mean over y and m mismatched y' of exp T(x,y')], at most log(m + 1).

    A critic learns from few partners what it is then tested on with many, so the ceiling is that of
    `test_negatives`.
    """

    negatives: int = 15
    test_negatives: int = 255

    published = STAIRCASE
    direction = "lower"
    year = 2018
    exponential = False

    def bound(self, joint, marginal):
        from torch import cat

        rows = cat([joint.unsqueeze(1), marginal], 1)
        return (joint - rows.logsumexp(1)).mean() + log(rows.shape[1])

    def ceiling(self, negatives):
        return log(negatives + 1)


@hookimpl
def mibench_estimators():
    return {"infonce": InfoNCE()}

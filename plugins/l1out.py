"""The leave-one-out upper bound (Poole et al. 2019, arXiv 1905.06922), with a learnt density."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import NeuralEstimator


@dataclass(frozen=True)
class L1Out(NeuralEstimator):
    """I(X;Y) ≤ E[log p(y|x) − log mean over m other rows x' of p(y|x')], with a learnt normal q(y|x) in place of p.

    q is trained by its likelihood, as in `club`. The bound holds where q is near p, and is close where m is many times
    exp(I): with few rows that lie near, the mean is too small and the value too large, without limit. Where q is far
    from p the number may fall below. An upper bound to stand beside a lower one, up to some 5 nats.
    """

    test_negatives: int = 255

    direction = "upper"
    approach = "density"
    year = 2019
    selects = "objective"
    exponential = False
    heads: ClassVar = ("x|y",)

    def sides(self, x, y):
        return y, x

    def bound(self, joint, marginal):
        return (joint - marginal.logsumexp(1)).mean() + log(marginal.shape[1])

    def objective(self, joint, marginal):
        return -joint.mean()


@hookimpl
def mibench_estimators():
    return {"l1out": L1Out()}

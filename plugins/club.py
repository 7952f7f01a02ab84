"""CLUB (Cheng et al. 2020, arXiv 2006.12013): a contrastive log-ratio upper bound."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import STAIRCASE, NeuralEstimator


@dataclass(frozen=True)
class CLUB(NeuralEstimator):
    """I(X;Y) ≤ E_joint[log p(y|x)] − E_marginal[log p(y|x)], with a learnt normal q(y|x) in place of p.

    q is trained by its likelihood. The bound holds where q is near p; far from it the number may fall below.
    """

    published = STAIRCASE.but(
        "mi_estimation.ipynb of github.com/Linear95/CLUB (Cheng et al. 2020): two perceptrons of 7 hidden units, "
        "for which one of 14 stands here; the last 500 of 4000 steps a level",
        hidden=(14,),
        learning_rate=5e-3,
        window=500,
    )
    direction = "upper"
    approach = "density"
    year = 2020
    selects = "objective"
    exponential = False
    heads: ClassVar = ("y|x",)

    def bound(self, joint, marginal):
        return joint.mean() - marginal.mean()

    def objective(self, joint, marginal):
        return -joint.mean()


@hookimpl
def mibench_estimators():
    return {"club": CLUB()}

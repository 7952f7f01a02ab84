"""MINE-f (Belghazi et al. 2018, arXiv 1801.04062): the f-divergence bound, also known as NWJ (Nguyen et al. 2010)."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import FIGURE_1, NeuralEstimator


@dataclass(frozen=True)
class MINEf(NeuralEstimator):
    """I(X;Y) ≥ E_joint[T] − E_marginal[exp(T − 1)]."""

    published = FIGURE_1
    direction = "lower"
    year = 2018

    def bound(self, joint, marginal):
        return joint.mean() - (marginal - 1).exp().mean()


@hookimpl
def mibench_estimators():
    return {"mine-f": MINEf()}

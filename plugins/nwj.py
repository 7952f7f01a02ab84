"""The bound of Nguyen, Wainwright & Jordan (2010, arXiv 0809.0853), with the critic at the log density ratio."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import STAIRCASE, NeuralEstimator


@dataclass(frozen=True)
class NWJ(NeuralEstimator):
    """I(X;Y) ≥ 1 + E_joint[T] − E_marginal[exp T], tight at T = log p(x,y) / p(x)p(y).

    `mine-f` is the same bound at T + 1: the critic starts a nat away.
    """

    published = STAIRCASE
    direction = "lower"
    year = 2010

    def bound(self, joint, marginal):
        return 1 + joint.mean() - marginal.exp().mean()


@hookimpl
def mibench_estimators():
    return {"nwj": NWJ()}

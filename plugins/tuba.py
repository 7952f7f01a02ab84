"""TUBA (Poole et al. 2019, arXiv 1905.06922): the unnormalised bound with a learnt baseline."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import STAIRCASE, NeuralEstimator


@dataclass(frozen=True)
class TUBA(NeuralEstimator):
    """I(X;Y) ≥ 1 + E_joint[T − log a(x)] − E_marginal[exp(T) / a(x)], with a(x) > 0 learnt.

    The baseline is a function of the side that a row shares with its mismatched partners; a(x) = e gives `mine-f`.
    """

    published = STAIRCASE
    direction = "lower"
    year = 2019
    exponential = False
    heads: ClassVar = ("xy", "x")

    def bound(self, joint, marginal):
        (t, log_a), (t_marginal, log_a_marginal) = joint.unbind(-1), marginal.unbind(-1)
        return 1 + (t - log_a).mean() - (t_marginal - log_a_marginal).exp().mean()


@hookimpl
def mibench_estimators():
    return {"tuba": TUBA()}

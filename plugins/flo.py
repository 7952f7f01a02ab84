"""FLO (Guo et al. 2022, arXiv 2107.01131): contrastive Fenchel-Legendre optimisation."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import NeuralEstimator


@dataclass(frozen=True)
class FLO(NeuralEstimator):
    """I(X;Y) ≥ 1 − E_joint[u + exp(−u) E_y'[exp(T(x,y') − T(x,y))]].

    The second critic u(x,y) learns the logarithm that other bounds take of a batch's mean, tight at minus the pointwise
    mutual information.
    """

    direction = "lower"
    year = 2022
    exponential = False
    heads: ClassVar = ("xy", "xy")

    def bound(self, joint, marginal):
        (t, u), t_marginal = joint.unbind(1), marginal[..., 0]
        return 1 - (u + (t_marginal - (t + u).unsqueeze(1)).exp().mean(1)).mean()


@hookimpl
def mibench_estimators():
    return {"flo": FLO()}

"""MINE (Belghazi et al. 2018, arXiv 1801.04062): the Donsker-Varadhan bound, with their moving-average gradient."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import FIGURE_1, NeuralEstimator, log_mean_exp


@dataclass(frozen=True)
class MINE(NeuralEstimator):
    """I(X;Y) ≥ E_joint[T] − log E_marginal[exp T].

    The gradient of the log is that of E_marginal[exp T] divided by its moving average over the steps, of which each
    takes a share of `rate`. The average is kept in log space, and starts at 0, where the scores of a new critic are.
    """

    rate: float = 0.01

    published = FIGURE_1
    direction = "lower"
    year = 2018
    state: ClassVar = (0.0,)

    def bound(self, joint, marginal):
        return joint.mean() - log_mean_exp(marginal)

    def objective(self, joint, marginal, average):
        excess = (marginal - average).exp().mean()
        moved = average + (self.rate * (excess.detach() - 1)).log1p()
        return (average - moved).exp() * excess - joint.mean(), moved


@hookimpl
def mibench_estimators():
    return {"mine": MINE()}

"""MINE (Belghazi et al. 2018, arXiv 1801.04062): the Donsker-Varadhan bound, with their moving-average gradient."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import NeuralEstimator, log_mean_exp


@dataclass(frozen=True)
class MINE(NeuralEstimator):
    """I(X;Y) ≥ E_joint[T] − log E_marginal[exp T].

    The gradient of the log is that of E_marginal[exp T] divided by its moving average over the steps, of which each
    takes a share of `rate`; the average is kept in log space, and is over the steps so far until there are enough.
    """

    rate: float = 0.01

    direction = "lower"
    state: ClassVar = (0.0, 0.0)  # log of the moving average, and the steps it is over

    def bound(self, joint, marginal):
        return joint.mean() - log_mean_exp(marginal)

    def objective(self, joint, marginal, average, steps):
        share = self.rate / (1 - (1 - self.rate) ** (steps + 1))
        average = ((1 - share).log() + average).logaddexp(share.log() + log_mean_exp(marginal.detach()))
        return (marginal - average).exp().mean() - joint.mean(), average, steps + 1


@hookimpl
def mibench_estimators():
    return {"mine": MINE()}

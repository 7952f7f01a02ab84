"""The Donsker-Varadhan bound (Donsker & Varadhan 1983), trained by its own gradient on each batch."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import SONG_ERMON, NeuralEstimator, log_mean_exp


@dataclass(frozen=True)
class DV(NeuralEstimator):
    """I(X;Y) ≥ E_joint[T] − log E_marginal[exp T].

    The gradient of the log of a batch's mean is biased; `mine` is the same bound with the bias averaged away.
    """

    published = SONG_ERMON
    direction = "lower"
    year = 1983

    def bound(self, joint, marginal):
        return joint.mean() - log_mean_exp(marginal)


@hookimpl
def mibench_estimators():
    return {"dv": DV()}

"""SMILE (Song & Ermon 2020, arXiv 1910.06222): a Jensen-Shannon critic read with clipped density ratios."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import SONG_ERMON, NeuralEstimator, jensen_shannon, log_mean_exp


@dataclass(frozen=True)
class SMILE(NeuralEstimator):
    """E_joint[T] − log E_marginal[clip(exp T, e^−clip, e^clip)], with T trained by the Jensen-Shannon objective.

    Clipping buys a small variance with a bias upwards or downwards: no bound.
    """

    clip: float = 5.0

    published = SONG_ERMON
    direction = "none"
    year = 2020
    selects = "objective"

    def bound(self, joint, marginal):
        return joint.mean() - log_mean_exp(marginal.clamp(-self.clip, self.clip))

    def objective(self, joint, marginal):
        return jensen_shannon(joint, marginal)


@hookimpl
def mibench_estimators():
    return {"smile": SMILE()}

"""KL-DIME (Letizia, Novello & Tonello, NeurIPS 2024, arXiv 2305.20025): `nwj`'s critic read as a log ratio."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import RatioEstimator


@dataclass(frozen=True)
class KLDIME(RatioEstimator):
    """E_joint[T], with T trained by E_marginal[exp T] − E_joint[T], least at T = log p(x,y) / p(x)p(y).

    The training of `nwj` with another read-out. It leaves the mean of exp(T) out of the value, but not out of training,
    where a few pairs carry it: above 5 nats it stays as low as `nwj`. No bound: where E_marginal[exp T] is above 1 the
    value lacks what would take it below I(X;Y). For comparison with `gan-dime`.
    """

    year = 2024

    def objective(self, joint, marginal):
        return marginal.exp().mean() - joint.mean()


@hookimpl
def mibench_estimators():
    return {"kl-dime": KLDIME()}

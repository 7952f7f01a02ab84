"""GAN-DIME (Letizia, Novello & Tonello, NeurIPS 2024, arXiv 2305.20025): `jsd` read as the log ratio it is."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import RatioEstimator, jensen_shannon


@dataclass(frozen=True)
class GANDIME(RatioEstimator):
    """E_joint[T], T trained by E_joint[softplus(−T)] + E_marginal[softplus(T)], least at T = log p(x,y) / p(x)p(y).

    The training of `jsd` with another read-out: no mean of exp(T), so neither its variance nor the log of the number of
    mismatched pairs stands in the way at many nats. And no bound: nothing keeps T from being too large where pairs are
    few, and what it exceeds I(X;Y) by is not seen in the value. Use it above 5 nats, beside `jsd`, which is one.
    """

    year = 2024

    def objective(self, joint, marginal):
        return jensen_shannon(joint, marginal)


@hookimpl
def mibench_estimators():
    return {"gan-dime": GANDIME()}

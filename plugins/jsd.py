"""The Jensen-Shannon objective of Deep InfoMax (Hjelm et al. 2019, arXiv 1808.06670), read by a bound in nats."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import STAIRCASE, NeuralEstimator, jensen_shannon, log_mean_exp


@dataclass(frozen=True)
class JSD(NeuralEstimator):
    """Trains T by E_joint[softplus(−T)] + E_marginal[softplus(T)], whose minimum is at T = log p(x,y) / p(x)p(y).

    The Jensen-Shannon value is no mutual information, so what is reported is a bound evaluated at T: `reads` is "dv",
    E_joint[T] − log E_marginal[exp T], or "nwj", E_joint[T] + 1 − E_marginal[exp T]. "nwj-shifted", as published, is
    that at T − 1: 1/e below the mutual information at the best T.
    """

    reads: str = "dv"

    published = STAIRCASE.but(reads="nwj-shifted")
    direction = "lower"
    year = 2019
    selects = "objective"
    drives = "objective"

    def bound(self, joint, marginal):
        if self.reads == "dv":
            return joint.mean() - log_mean_exp(marginal)
        if self.reads == "nwj":
            return joint.mean() + 1 - marginal.exp().mean()
        if self.reads == "nwj-shifted":
            return joint.mean() - (marginal - 1).exp().mean()
        raise ValueError(f"reads={self.reads!r} is none of dv, nwj, nwj-shifted")

    def objective(self, joint, marginal):
        return jensen_shannon(joint, marginal)


@hookimpl
def mibench_estimators():
    return {"jsd": JSD()}

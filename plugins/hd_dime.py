"""HD-DIME (Letizia, Novello & Tonello, NeurIPS 2024, arXiv 2305.20025): a critic by the Hellinger distance."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import RatioEstimator


@dataclass(frozen=True)
class HDDIME(RatioEstimator):
    """E_joint[T], with T trained by E_joint[exp(−T/2)] + E_marginal[exp(T/2)], least at T = log p(x,y) / p(x)p(y).

    Two minus that is twice the squared Hellinger distance of the joint from the product of the marginals. The half in
    the exponents makes it steadier than `kl-dime`; pairs far from either still weigh much. No bound: the value may
    exceed I(X;Y), and by how much is not seen in it. For comparison with `gan-dime`.
    """

    year = 2024

    def objective(self, joint, marginal):
        return (-joint / 2).exp().mean() + (marginal / 2).exp().mean()


@hookimpl
def mibench_estimators():
    return {"hd-dime": HDDIME()}

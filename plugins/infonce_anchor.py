"""InfoNCE-anchor (Ryu, Yeddanapudi, Xu & Wornell 2025, arXiv 2510.25983): InfoNCE with a class for no partner."""

from dataclasses import dataclass
from math import log

from mibench import hookimpl
from mibench.neural import RatioEstimator


@dataclass(frozen=True)
class InfoNCEAnchor(RatioEstimator):
    """E_joint[T], with T trained to tell which of K rows y_1 … y_K is the partner of x, or that none is.

    None is the partner, with weight `nu`, against 1 of each of the K: with r = exp T the critic says r_k / (ν + Σ r) of
    row k and ν / (ν + Σ r) of none, and pays −log of what it says of the truth,
    (K · E[−log r_k / (ν + Σ r)] + ν · E[−log ν / (ν + Σ r)]) / (K + ν). InfoNCE leaves T free to any function of x,
    which is why its value needs the K rows and ends at log K; here the least is at T = log p(x,y) / p(x)p(y) alone.

    K is `negatives`, and with K = ν = 1 the objective is half of `gan-dime`'s. The formula was derived from the paper's
    abstract and is checked as an identity; K and ν are this project's. No bound: the value may exceed I(X;Y), nothing
    caps it, and by how much is not seen in it. Use it above 5 nats, beside `infonce`, which is one.
    """

    negatives: int = 15
    nu: float = 1.0

    year = 2025

    def objective(self, joint, marginal):
        from torch import cat, full_like

        if not self.nu > 0:
            raise ValueError(f"nu={self.nu} must be above 0: without that class the critic's level is free")
        k, none = marginal.shape[1], full_like(marginal[:, :1], log(self.nu))
        partner = cat([none, joint.unsqueeze(1), marginal[:, 1:]], 1).logsumexp(1) - joint
        alone = cat([none, marginal], 1).logsumexp(1) - log(self.nu)
        return (k * partner.mean() + self.nu * alone.mean()) / (k + self.nu)


@hookimpl
def mibench_estimators():
    return {"infonce-anchor": InfoNCEAnchor()}

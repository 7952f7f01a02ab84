"""The interpolated bound I_α (Poole et al. 2019, arXiv 1905.06922), from TUBA at α = 0 to InfoNCE at α = 1."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import NeuralEstimator


@dataclass(frozen=True)
class AlphaTUBA(NeuralEstimator):
    """I(X;Y) ≥ 1 + E_joint[T − log b] − E_marginal[exp(T) / b], b = α · mean of exp T over K rows + (1 − α) · a(x).

    Among the K rows is the one that is scored: the pair itself in the first mean, a mismatched one in the second, and
    a(x) > 0 is learnt as in `tuba`. `alpha` trades the variance of `tuba` (0) for the ceiling of `infonce` (1),
    log(K/α), and a nat above it where α < 1. K is the number of mismatched rows, in the value that of
    `test_negatives`. For what lies between those two.
    """

    alpha: float = 0.5
    negatives: int = 15
    test_negatives: int = 255

    direction = "lower"
    year = 2019
    exponential = False
    heads: ClassVar = ("xy", "x")

    def bound(self, joint, marginal):
        from torch import cat

        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha={self.alpha} must be between 0 and 1")
        (t, log_a), t_marginal = joint.unbind(-1), marginal[..., 0]
        rows = cat([t.unsqueeze(1), t_marginal[:, 1:]], 1).logsumexp(1) - log(t_marginal.shape[1])
        others = t_marginal.logsumexp(1) - log(t_marginal.shape[1])
        return 1 + (t - self.baseline(rows, log_a)).mean() - (others - self.baseline(others, log_a)).exp().mean()

    def baseline(self, log_mean, log_a):
        """log of α · mean + (1 − α) · a."""
        if self.alpha in (0, 1):
            return log_mean if self.alpha else log_a
        return (log_mean + log(self.alpha)).logaddexp(log_a + log(1 - self.alpha))

    def ceiling(self, negatives):
        return log(negatives / self.alpha) + (self.alpha < 1) if self.alpha > 0 else None


@hookimpl
def mibench_estimators():
    return {"alpha-tuba": AlphaTUBA()}

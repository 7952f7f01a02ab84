"""Difference of entropies (McAllester & Stratos 2020, arXiv 1811.04251), each by the likelihood of a learnt density."""

from dataclasses import dataclass, field

from mibench import hookimpl
from mibench.neural import NeuralEstimator

COVARIANCES = ("diagonal", "full")


@dataclass(frozen=True)
class DoE(NeuralEstimator):
    """Ĥ(Y) − Ĥ(Y|X) = E_joint[log q(y|x) − log q(y)], with normal densities q trained by their likelihoods.

    A difference of two upper bounds, so no bound itself: it is too low where q(y|x) is the worse of the two, too high
    where q(y) is. modes=8 with covariance=full is KNIFE (Pichler et al. 2022, arXiv 2202.06618), at twice the time a
    step in 2 columns. For y that is near that, given x. No row has a partner here: both are of joint pairs alone.

    * `modes`: each density is a mixture of so many normals;
    * `covariance`: "diagonal", or "full" where the normals' coordinates are dependent.
    """

    negatives: int = 1
    test_negatives: int = 1
    modes: int = field(default=1, metadata={"later": True})
    covariance: str = field(default="diagonal", metadata={"later": True})

    direction = "none"
    approach = "density"
    year = 2020
    selects = "objective"
    exponential = False

    @property
    def heads(self):
        """Kinds of density. Raises ValueError for settings that are none."""
        if self.modes < 1:
            raise ValueError(f"modes={self.modes} must be at least 1")
        if self.covariance not in COVARIANCES:
            raise ValueError(f"covariance={self.covariance!r} is none of {', '.join(COVARIANCES)}")
        one = self.modes == 1 and self.covariance == "diagonal"
        return ("y|x", "y") if one else ("mixture y|x", "mixture y")

    def bound(self, joint, marginal):
        conditional, marginal_density = joint.unbind(1)
        return (conditional - marginal_density).mean()

    def objective(self, joint, marginal):
        return -joint.sum(1).mean()


@hookimpl
def mibench_estimators():
    return {"doe": DoE()}

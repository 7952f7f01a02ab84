"""Difference of entropies (McAllester & Stratos 2020, arXiv 1811.04251), each by the likelihood of a learnt density."""

from dataclasses import dataclass
from typing import ClassVar

from mibench import hookimpl
from mibench.neural import NeuralEstimator


@dataclass(frozen=True)
class DoE(NeuralEstimator):
    """Ĥ(Y) − Ĥ(Y|X) = E_joint[log q(y|x) − log q(y)], with normal densities q trained by their likelihoods.

    A difference of two upper bounds, so no bound itself.
    """

    negatives: int = 1
    test_negatives: int = 1

    direction = "none"
    exponential = False
    heads: ClassVar = ("y|x", "y")

    def bound(self, joint, marginal):
        conditional, marginal_density = joint.unbind(1)
        return (conditional - marginal_density).mean()

    def objective(self, joint, marginal):
        return -joint.sum(1).mean()


@hookimpl
def mibench_estimators():
    return {"doe": DoE()}

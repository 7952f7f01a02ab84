"""Two correlated normals, the first test of every estimator (MINE, Belghazi et al. 2018, arXiv:1801.04062)."""

from mibench import hookimpl
from mibench.distributions.normal import CorrelatedNormal


@hookimpl
def mibench_tasks():
    return {"gaussian": [CorrelatedNormal(dim, mi) for dim in (1, 5, 20) for mi in (0.0, 0.5, 2.0)]}

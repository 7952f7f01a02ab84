"""Normals whose every coordinate is moved by a sine of the one before it, on both sides: a chain to be undone in order.

x_i + sin 2x_{i−1}: nothing is lost, and neither ranks nor covariances see all of it.
"""

from mibench import hookimpl
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Rippled


@hookimpl
def mibench_tasks():
    grid = [(dim, mi) for dim in (2, 5, 20) for mi in (1.0, 5.0, 10.0)]
    return {"bent": {f"{dim}v{dim}-{mi:g}-nats": Rippled(CorrelatedNormal(dim, mi)) for dim, mi in grid}}

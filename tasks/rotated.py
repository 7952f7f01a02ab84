"""Twenty pairs of normals, both sides turned at random: no coordinate has a partner, and all information is linear."""

from mibench import hookimpl
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Rotated


@hookimpl
def mibench_tasks():
    return {"rotated": {f"{mi:g}-nats": Rotated(CorrelatedNormal(20, mi)) for mi in (0.0, 2.0, 5.0, 10.0)}}

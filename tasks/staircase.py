"""The staircase: 20 dimensions, 2 to 10 nats, fresh samples at every step (Poole et al. 2019, arXiv:1905.06922).

Song & Ermon 2020 (arXiv:1910.06222) cube Y. There one critic climbs all steps; here each step is a task of its own.
"""

from mibench import hookimpl
from mibench.distributions.draws import Fresh
from mibench.distributions.maps import Margins
from mibench.distributions.normal import CorrelatedNormal


@hookimpl
def mibench_tasks():
    steps = {f"{mi:g}-nats": CorrelatedNormal(20, mi) for mi in (2.0, 4.0, 6.0, 8.0, 10.0)}
    return {
        "staircase": {name: Fresh(step) for name, step in steps.items()},
        "staircase-cubic": {name: Fresh(Margins(step, "same", "cube")) for name, step in steps.items()},
    }

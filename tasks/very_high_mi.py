"""Half a nat a coordinate, 10 to 80 nats in 20 to 160 dimensions a side, turned at random.

The last is the setting of Kholkin et al. 2026, InfoBridge (arXiv:2502.01383), with their 100,000 rows.
"""

from mibench import hookimpl
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Rotated


@hookimpl
def mibench_tasks():
    dims = 20, 40, 80, 160
    return {"very-high-mi": {f"{d}v{d}-{d // 2}-nats": Rotated(CorrelatedNormal(d, d / 2)) for d in dims}}

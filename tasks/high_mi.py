"""Two correlated pairs in 3 × 3 dimensions from 0 to 5 nats, as they are, on a spiral, and half-cubed.

The high-information ablation of Czyż et al. 2023 (arXiv:2306.11078); its spiral has speed 1/3, over the dimension.
"""

from mibench import hookimpl
from mibench.distributions.maps import Margins
from mibench.distributions.normal import SparseNormal
from mibench.distributions.turns import Spiral


@hookimpl
def mibench_tasks():
    points = {}
    for mi in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0):
        normal = SparseNormal(3, mi)
        points[f"sparse-{mi:g}"] = normal
        points[f"spiral-{mi:g}"] = Spiral(normal, 1 / 9, 1 / 9)
        points[f"half-cube-{mi:g}"] = Margins(normal, "half-cube", "half-cube")
    return {"high-mi": points}

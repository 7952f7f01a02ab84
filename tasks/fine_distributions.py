"""The 13 mixture and inlier tasks that follow Beyond Normal (Czyż et al. 2025, arXiv:2310.10240), by their bmi ids.

The source knows their mutual information by Monte Carlo, to 0.001-0.004 nats; here it is integrated.
"""

import math

from mibench import hookimpl
from mibench.distributions.draws import Padded
from mibench.distributions.mixture import Concentric, NormalInliers, PlaneMixture
from mibench.distributions.turns import Bent, Spiral, Turned

X = PlaneMixture((0.5, 0.5), ((0.0, 0.0), (0.0, 0.0)), ((1.0, -0.9, 1.0), (1.0, 0.9, 1.0)))

SLANT = 0.95 * math.sqrt(0.04 * 0.2)
AI = PlaneMixture(
    (1 / 6,) * 6,
    ((1.0, 0.0), (1.0, 1.0), (1.0, -1.0), (-0.8, -0.2), (-1.2, 0.0), (-0.4, 0.0)),
    (
        (0.01, 0.0, 0.2),
        (0.05, 0.0, 0.001),
        (0.05, 0.0, 0.001),
        (0.03, 0.0, 0.001),
        (0.04, SLANT, 0.2),
        (0.04, -SLANT, 0.2),
    ),
)

WAVES = PlaneMixture((1 / 12,) * 12, tuple((1.5 * j, 1.5 * (j % 4)) for j in range(12)), ((0.1, 0.0, 0.1),) * 12)

# Means ∓(1.5, 1.5) of X lie on the diagonal: along it the mixture, across it a standard normal, then turned by 45°.
ALONG = 1.5 * math.sqrt(2)
GALAXY = PlaneMixture((0.5, 0.5), ((-ALONG, -1.5), (ALONG, 1.5)), ((1.0, 0.0, 1.0), (1.0, 0.0, 1.0)))


@hookimpl
def mibench_tasks():
    points = {
        "1v1-X-0.9": X,
        "1v1-AI": AI,
        "2v1-waves-12-5.0-3.0": Bent(Padded(WAVES, x=1)),
        "2v1-galaxy-0.5-3.0": Spiral(Turned(Padded(GALAXY, x=1), 45.0), 0.5),
    }
    rings = (3, 5), (5, 5), (3, 10), (5, 10), (25, 5)
    points |= {f"{d}v1-concentric_gaussians-{k}": Concentric(d, k) for d, k in rings}
    points |= {
        f"mult-sparse-w-inliers-{d}-{d}-2-2.0-{share}": NormalInliers(d, share) for share in (0.2, 0.5) for d in (5, 25)
    }
    return {"fine-distributions": points}

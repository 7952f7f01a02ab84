"""A correlation of 0.8 wound up faster and faster: X turned by speed·|X|², in 2 × 1 dimensions.

The spiral ablation of Czyż et al. 2023 (arXiv:2306.11078).
"""

import math

from mibench import hookimpl
from mibench.distributions.draws import Padded
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Spiral


@hookimpl
def mibench_tasks():
    base = Padded(CorrelatedNormal(1, -math.log(1 - 0.8**2) / 2), x=1)
    return {"spiral-speed": {f"speed-{v:g}": Spiral(base, v) for v in (0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5)}}

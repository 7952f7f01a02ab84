"""The five tasks of the notebooks of Chen et al. 2025 (vector copulas, NeurIPS 2025), 32 coordinates a side.

Formulas and numbers of github.com/cyz-ai/neural-MI-estimate-clean. There the mixture is drawn in equal shares and its
truth is a mean over 100,000 draws, 6.87 to 6.90; here it is integrated. There Student's columns are standardised.
"""

import math

from mibench import hookimpl
from mibench.distributions.maps import Margins
from mibench.distributions.mixture import PairMixture
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.student import StudentT
from mibench.distributions.turns import Spiral, Summed
from mibench.distributions.uniform_noise import UniformNoise, uniform_noise_mi

DIM, RHO = 32, 0.7
SPEED = 3.14 / 2 / DIM  # rows times exp(speed |z|² G), which turns by the negative angle


@hookimpl
def mibench_tasks():
    normal = CorrelatedNormal(DIM, -DIM / 2 * math.log(1 - RHO**2))
    points = {
        "wrapped": Summed(Margins(normal, "tanh", "exp")),
        "spiral": Spiral(normal, -SPEED, -SPEED),
        "student": StudentT(DIM, 1.0, RHO, DIM),
        "smoothed-uniform": UniformNoise(DIM, DIM * uniform_noise_mi(0.225)),
        "mixture": PairMixture(DIM, (-0.2, -0.1, 0.0, 0.3, 0.4), (-0.3, 0.5, 0.2, 0.4, 0.9)),
    }
    return {"vce": points}

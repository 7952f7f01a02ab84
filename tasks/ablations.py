"""Four ablations of Czyż et al. 2023 (arXiv:2306.11078): high information, heavy tails, sparsity, spirals."""

import math

from mibench import hookimpl
from mibench.distributions.draws import Padded
from mibench.distributions.maps import Margins, Power
from mibench.distributions.normal import CorrelatedNormal, LatentNormal, SparseNormal
from mibench.distributions.student import StudentT
from mibench.distributions.turns import Spiral

TWO_PAIRS = -math.log(1 - 0.8**2)  # two pairs with correlation 0.8


def high_mi():
    """3 × 3 dimensions, two pairs; the spiral's speed is 1/3, divided by the dimension."""
    points = {}
    for mi in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0):
        normal = SparseNormal(3, mi)
        points[f"sparse-{mi:g}"] = normal
        points[f"spiral-{mi:g}"] = Spiral(normal, 1 / 9, 1 / 9)
        points[f"half-cube-{mi:g}"] = Margins(normal, "half-cube", "half-cube")
    return points


def tails():
    """Two pairs in 3 × 3: sign(x)|x|^alpha with more and more alpha, and Student-t with fewer and fewer degrees."""
    points = {f"power-{1 + 4 * k / 9:.2f}": Power(SparseNormal(3, TWO_PAIRS), 1 + 4 * k / 9) for k in range(10)}
    return points | {f"student-{dof}": StudentT(3, float(dof), 0.8, 2) for dof in range(1, 20, 2)}


def sparsity():
    """One nat in 10 × 10 dimensions: from one latent variable behind all to ten behind a pair each, then fewer."""
    top = math.expm1(2.0)
    alone = math.sqrt((top + math.sqrt(top * (top + 1))) / 10)  # the alpha that gives one nat without any pair
    dense = {f"alpha-{k}": LatentNormal(10, 1.0, alone * k / 9, 10) for k in range(10)}
    return dense | {f"pairs-{pairs}": LatentNormal(10, 1.0, 0.0, pairs) for pairs in range(1, 10)}


def spiral_speed():
    """X_1 and Y with correlation 0.8, X_2 apart; X turned by speed·|X|²."""
    base = Padded(CorrelatedNormal(1, -math.log(1 - 0.8**2) / 2), x=1)
    return {f"speed-{speed:g}": Spiral(base, speed) for speed in (0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5)}


@hookimpl
def mibench_tasks():
    return {"high-mi": high_mi(), "tails": tails(), "sparsity": sparsity(), "spiral-speed": spiral_speed()}

"""Tails that grow: sign(x)|x|^a of normals, whose truth stays, and Student-t, whose truth rises with its tails.

The tails ablation of Czyż et al. 2023 (arXiv:2306.11078): 3 × 3 dimensions, two pairs with correlation 0.8.
"""

import math

from mibench import hookimpl
from mibench.distributions.maps import Power
from mibench.distributions.normal import SparseNormal
from mibench.distributions.student import StudentT


@hookimpl
def mibench_tasks():
    normal = SparseNormal(3, -math.log(1 - 0.8**2))
    points = {f"power-{1 + 4 * k / 9:.2f}": Power(normal, 1 + 4 * k / 9) for k in range(10)}
    return {"tails": points | {f"student-{dof}": StudentT(3, float(dof), 0.8, 2) for dof in range(1, 20, 2)}}

"""Two normals with correlation from −0.99 to 0.99, in 2 and in 20 dimensions in all.

The setting of the first figure of MINE (Belghazi et al. 2018, arXiv:1801.04062).
"""

import math

from mibench import hookimpl
from mibench.distributions.maps import Affine
from mibench.distributions.normal import CorrelatedNormal

RHOS = 0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99


def correlated(dim, rho):
    """`dim` pairs with a correlation of either sign."""
    task = CorrelatedNormal(dim, -dim / 2 * math.log(1 - rho**2))
    return Affine(task, scale_y=-1.0) if rho < 0 else task


@hookimpl
def mibench_tasks():
    grid = sorted({sign * rho for rho in RHOS for sign in (-1, 1)})
    return {"mine-figure1": {f"{d}v{d}-rho{rho:+g}": correlated(d, rho) for d in (1, 10) for rho in grid}}

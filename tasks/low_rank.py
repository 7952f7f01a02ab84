"""One bit between one number of X and one of Y, repeated in half of the coordinates; the others are noise.

The low-rank task of Gowri et al. 2024 (arXiv:2409.02732), Figure 3: variances 6 and 3.5, noise of variance 1.
"""

import math

from mibench import hookimpl
from mibench.distributions.draws import Padded, Redundant
from mibench.distributions.maps import Affine
from mibench.distributions.normal import CorrelatedNormal


def low_rank(dim):
    """One pair with one bit, repeated in half of the coordinates, and noise in the others."""
    pair = Affine(CorrelatedNormal(1, math.log(2)), scale_x=math.sqrt(6), scale_y=math.sqrt(3.5))
    noise = (dim - 1) // 2
    repeated = Redundant(pair, dim - noise)
    return Padded(repeated, noise, noise) if noise else repeated


@hookimpl
def mibench_tasks():
    return {"low-rank": {f"dim-{dim}": low_rank(dim) for dim in (1, 13, 25, 37, 50)}}

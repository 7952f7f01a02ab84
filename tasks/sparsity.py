"""One nat in 10 × 10 dimensions: from one latent variable behind all to a latent one for each pair, then fewer pairs.

The sparsity ablation of Czyż et al. 2023 (arXiv:2306.11078).
"""

import math

from mibench import hookimpl
from mibench.distributions.normal import LatentNormal


@hookimpl
def mibench_tasks():
    e = math.exp(2.0)
    alone = math.sqrt((e - 1 + math.sqrt(e * (e - 1))) / 10)  # the alpha that gives one nat without any pair
    points = {f"alpha-{k}": LatentNormal(10, 1.0, alone * k / 9, 10) for k in range(10)}
    return {"sparsity": points | {f"pairs-{pairs}": LatentNormal(10, 1.0, 0.0, pairs) for pairs in range(1, 10)}}

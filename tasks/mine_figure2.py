"""Y = f(X) + sigma·noise for f = x, x³ and sin x, in 2 × 2 dimensions.

The setting of the second figure of MINE (Belghazi et al. 2018, arXiv:1801.04062), X ~ U(−1, 1). Without noise,
where the figure begins, mutual information is infinite, and there is no point.
"""

from mibench import hookimpl
from mibench.distributions.noisy_function import NoisyFunction

SIGMAS = 0.1, 0.3, 0.5, 0.7, 0.9


@hookimpl
def mibench_tasks():
    return {"mine-figure2": [NoisyFunction(f, sigma, 2) for f in ("linear", "cubic", "sin") for sigma in SIGMAS]}

"""Y = f(X) + noise at one mutual information for every f: does an estimator see past the shape?

The functions x, x³ and sin x are those of the second figure of Belghazi et al. 2018 (arXiv:1801.04062); sin 2πx is not
monotone, so no correlation shows it.
"""

from mibench import hookimpl
from mibench.distributions.noisy_function import NoisyFunctionAt

FUNCTIONS = "linear", "cubic", "sin", "sin2pi"


@hookimpl
def mibench_tasks():
    return {"nonlinear": [NoisyFunctionAt(f, mi) for f in FUNCTIONS for mi in (0.5, 1.0, 2.0)]}

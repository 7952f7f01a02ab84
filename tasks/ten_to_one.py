"""Ten dimensions against one, in many shapes: all of X may tell of Z, or one hidden direction of it alone.

One nat wherever the family can be aimed; the others have what they have.
"""

from mibench import hookimpl
from mibench.distributions.discrete import QuantisedUniform, SymmetricChannel
from mibench.distributions.draws import Padded
from mibench.distributions.log_gamma import LogGammaExponential
from mibench.distributions.maps import Margins
from mibench.distributions.mixed import ZeroInflatedPoisson
from mibench.distributions.mixture import Concentric, PlaneMixture
from mibench.distributions.noisy_function import NoisyFunctionAt
from mibench.distributions.normal import CorrelatedNormal
from mibench.distributions.turns import Rotated, Spiral
from mibench.distributions.uniform_noise import UniformNoise

CROSS = PlaneMixture((0.5, 0.5), ((0.0, 0.0), (0.0, 0.0)), ((1.0, -0.9, 1.0), (1.0, 0.9, 1.0)))


def beside(base):
    """X in the first of ten dimensions, noise in the others."""
    return Padded(base, x=9)


def hidden(base):
    """X along a random direction of ten dimensions."""
    return Rotated(beside(base))


@hookimpl
def mibench_tasks():
    normal = CorrelatedNormal(1, 1.0)
    points = {
        "normal-beside": beside(normal),
        "normal-hidden": hidden(normal),
        "normal-hidden-half-cube": Margins(hidden(normal), "half-cube", "half-cube"),
        "normal-hidden-wiggly": Margins(hidden(normal), "wiggly-x", "wiggly-y"),
        "normal-hidden-bimodal": Margins(hidden(normal), "bimodal-x", "bimodal-y"),
        "normal-spiral": Spiral(beside(normal), 0.1),
        "sin-hidden": hidden(NoisyFunctionAt("sin2pi", 1.0)),
        "cubic-hidden": hidden(NoisyFunctionAt("cubic", 1.0)),
        "uniform-noise-hidden": hidden(UniformNoise(1, 1.0)),
        "log-gamma-hidden": hidden(LogGammaExponential(1, 1.0)),
        "cross-hidden": hidden(CROSS),
        "radius": Concentric(10, 5),
        "label-hidden": hidden(QuantisedUniform(1.0)),
        "symbol-hidden": hidden(SymmetricChannel(1, 1.0, 4)),
        "count-hidden": hidden(ZeroInflatedPoisson(0.15)),
    }
    return {"ten-to-one": points}

"""Discrete against continuous and all between (Gao et al. 2017, arXiv:1709.06212; github.com/VanessB/mutinfo)."""

import math

from mibench import hookimpl
from mibench.distributions.discrete import NoiselessChannel, QuantisedUniform, SmoothedLabels, SymmetricChannel
from mibench.distributions.mixed import NormalOrSigns, RareEventChannel, ZeroInflatedPoisson


@hookimpl
def mibench_tasks():
    points = {f"gao-labels-{m}": SmoothedLabels(m, math.log(m) - (m - 1) / m * math.log(2)) for m in (2, 5, 20)}
    points |= {f"gao-poisson-{p:g}": ZeroInflatedPoisson(p) for p in (0.0, 0.15, 0.5)}
    points |= {"gao-signs": NormalOrSigns()}
    points |= {f"rare-event-{q:g}": RareEventChannel(1.5, q) for q in (0.3, 0.5, 0.7)}
    points |= {f"quantised-{mi:g}": QuantisedUniform(mi) for mi in (0.5, 1.0, 2.0)}
    points |= {
        "noiseless-1": NoiselessChannel(1.0),
        "bits-1": SymmetricChannel(4, 1.0),
        "symbols-1": SymmetricChannel(1, 1.0, 10),
    }
    return {"mixed": points}

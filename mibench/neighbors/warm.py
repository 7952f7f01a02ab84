"""Imported once, before trials' processes are forked: loads the compiled kernels, or compiles them, for all of them."""

import sys
import warnings

import numpy as np

from mibench.neighbors.choice import choose
from mibench.neighbors.estimates import ksg_many_k


def _load() -> None:
    rng = np.random.default_rng(0)
    for dim in (1, 2, 30):
        x, y = rng.standard_normal((300, dim)), rng.standard_normal((300, dim))
        x.flags.writeable = y.flags.writeable = False  # as trials hand them over: of another type to the compiler
        for algorithm in (1, 2):
            ksg_many_k(x, y, [3], algorithm=algorithm)


with warnings.catch_warnings(record=True) as said:
    compiled = choose(1, 1).name != "scipy"
for warning in said:  # here, once a run: what the forked processes say goes into the logs of trials
    print(f"mibench: {warning.message}", file=sys.stderr, flush=True)
if compiled:
    _load()

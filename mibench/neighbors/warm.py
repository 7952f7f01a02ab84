"""Imported once, before trials' processes are forked: loads the compiled kernels, or compiles them, for all of them."""

import importlib.util

import numpy as np

from mibench.neighbors.estimates import ksg_many_k


def _load() -> None:
    rng = np.random.default_rng(0)
    for dim in (1, 2, 30):
        x, y = rng.standard_normal((300, dim)), rng.standard_normal((300, dim))
        for algorithm in (1, 2):
            ksg_many_k(x, y, [3], algorithm=algorithm)


if importlib.util.find_spec("numba"):
    _load()

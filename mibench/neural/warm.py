"""Imported once, before trials' processes are forked: loads the compiled kernels, or compiles them, for all of them."""

from typing import Any

import numpy as np
import torch

from mibench.neural.compiled.perceptron import kernels, path


def _load(compiled: Any) -> None:
    group, layer, features, scores = (
        np.zeros(shape, dtype=np.float32) for shape in ((1, 1, 1, 32), (1, 1, 32), (1, 32), (1, 1))
    )
    compiled.pairs(group, group, False, layer, layer)
    compiled.pairs_back(layer, layer, group, group)
    compiled.hidden(layer, features, False, layer)
    compiled.hidden_back(layer, layer, features)
    compiled.scores(layer, features, scores[0], scores)
    compiled.scores_back(scores, layer, features, layer, features, scores[0])
    compiled.adam(*[features] * 5, scores, *[np.float32(1)] * 3)


if path(torch.device("cpu")) == "numba":
    _load(kernels())

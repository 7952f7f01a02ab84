"""Codes of two sides, learnt so that each code tells both sides (Gowri et al. 2024, arXiv 2409.02732)."""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mibench.interface import Array
from mibench.neural.company import one_thread
from mibench.regression.networks import Perceptron
from mibench.regression.settings import Regression
from mibench.regression.training import Fitted, Judged, Weights, fit, prepared

FARTHEST = 10
"""Scaled values count as no larger, as in the authors' code."""


class CrossDecoding:
    """An encoder of each side, and four decoders: of each side from either code."""

    def __init__(self, settings: Regression, dims: tuple[int, int], codes: tuple[int, int]):
        encoders = [(dims[i], *settings.hidden, codes[i]) for i in (0, 1)]
        decoders = [(codes[i], *reversed(settings.hidden), dims[j]) for i in (0, 1) for j in (0, 1)]
        self.parts = [Perceptron(widths, settings.activation) for widths in (*encoders, *decoders)]
        self.ends = np.cumsum([0, *(2 * (len(part.widths) - 1) for part in self.parts)]).tolist()

    def draw(self, stream: torch.Generator) -> list[Tensor]:
        """First weights."""
        return [w for part in self.parts for w in part.draw(stream)]

    def each(self, weights: Weights) -> list[Weights]:
        """The weights of each part."""
        return [weights[i:j] for i, j in pairwise(self.ends)]

    def encode(self, weights: Weights, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The codes of both sides."""
        of_x, of_y, *_ = self.each(weights)
        return self.parts[0](of_x, x), self.parts[1](of_y, y)

    def loss(self, weights: Weights, x: Tensor, y: Tensor) -> Tensor:
        """The squared errors of x and of y, each from its own code and from the other's."""
        codes = self.encode(weights, x, y)
        own = self.each(weights)
        found = [
            (self.parts[2 + 2 * i + j](own[2 + 2 * i + j], code) - side).square().mean()
            for i, code in enumerate(codes)
            for j, side in enumerate((x, y))
        ]
        return torch.stack(found).sum()


def held_out(
    settings: Regression, width: int, x: Array, y: Array, seed: int | None, device: str
) -> tuple[Array, Array, Fitted]:
    """Codes of the test part, no wider than `width` or their side, and how training came to them."""
    with one_thread():
        sample = prepared(settings, x, y, seed, device).mapped(*[lambda z: np.clip(z, -FARTHEST, FARTHEST)] * 2)
        dims = x.shape[1], y.shape[1]
        coder = CrossDecoding(settings, dims, (min(width, dims[0]), min(width, dims[1])))
        valid, test = sample.on(sample.valid), sample.on(sample.test)

        def judge(weights: Weights) -> Judged:
            return Judged(float(coder.loss(weights, *valid)))

        fitted = fit(settings, coder.draw(sample.stream), coder.loss, judge, sample)
        with torch.no_grad():
            codes = [code.cpu().double().numpy() for code in coder.encode(fitted.weights, *test)]
    return codes[0], codes[1], fitted

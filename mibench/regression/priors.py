"""Normal guesses of one side from the other, which a network corrects: what denoisers and velocities start from."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from mibench.regression.coordinates import Canonical, canonical, plain
from mibench.regression.networks import WAVES, Convolution, Perceptron, cosines
from mibench.regression.settings import Noised
from mibench.regression.training import Sample

BENT = 7
"""A correction of a log variance stays within so much."""


class Prior:
    """Given y, coordinate i of x is taken for normal, of mean m_i + √v_i F_i and variance v_i exp G_i.

    m and v are those of the best linear prediction, or 0 and 1 where y is not told. F and G are the network's, of x
    with noise in it, the level of that noise, and y if it is told; at the start they are 0. A guess that is exact for
    each x, y and level needs no more than F.
    """

    def __init__(self, settings: Noised, where: Canonical, device: torch.device):
        dim_x, dim_y = where.to_x.shape[1], where.to_y.shape[1]
        self.slopes, self.left = (
            torch.from_numpy(z.astype(np.float32)).to(device) for z in (where.slopes, 1 - where.slopes**2)
        )
        self.network: Perceptron | Convolution
        if settings.network == "convolution":
            pictures = 3 if dim_x == dim_y else 2
            self.network = Convolution(dim_x, pictures, dim_y + 1 + WAVES, settings.hidden, settings.activation)
        else:
            widths = 2 * dim_x + dim_y + 1 + WAVES, *settings.hidden, 2 * dim_x
            self.network = Perceptron(widths, settings.activation, start_at_zero=True)

    def draw(self, stream: Generator) -> list[Tensor]:
        """First weights."""
        return self.network.draw(stream)

    def linear(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """m and v, given y."""
        dim = len(self.slopes)
        near = functional.pad(y[:, :dim], (0, max(0, dim - y.shape[1])))
        return self.slopes * near, self.left.expand_as(near)

    def corrected(
        self, weights: Sequence[Tensor], noisy: Tensor, apart: Tensor, told: Tensor, level: Tensor, m: Tensor, v: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance `(n, dim)`, as the network has them.

        `apart` is how far `noisy` is from what m and v let expect, in standard deviations; `told` is y and 1, or zeros.
        """
        shift, raw = self.network(weights, torch.cat([noisy, apart, told, cosines(level)], 1)).chunk(2, 1)
        return m + v.sqrt() * shift, v * torch.exp(BENT * torch.tanh(raw / BENT))


def told(y: Tensor) -> Tensor:
    """y, and a 1 that says it is told."""
    return functional.pad(y, (0, 1), value=1.0)


def in_coordinates(settings: Noised, sample: Sample) -> tuple[Sample, Canonical]:
    """The sample in the coordinates that noise is added in."""
    where = (plain if settings.network == "convolution" else canonical)(*sample.train)
    return sample.mapped(where.x, where.y), where

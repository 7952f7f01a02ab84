"""What is fitted: a perceptron, and a convolution that keeps the size of its picture; weights apart from both."""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt, pi, sqrt

import torch
from torch import Generator, Tensor
from torch.nn import functional

from mibench.neural.critics import ACTIVATIONS, one_of

WAVES = 8
"""Cosines that a network is given of a level between 0 and 1."""


def cosines(level: Tensor) -> Tensor:
    """cos πk·level for k = 0 … 7, `(n,)` to `(n, 8)`."""
    return torch.cos(pi * torch.arange(WAVES, device=level.device) * level[:, None])


def drawn(rows: int, columns: int, stream: Generator) -> list[Tensor]:
    """The matrix and shift of a dense layer, drawn so that a signal keeps its size (He et al. 2015, arXiv 1502.01852).

    Within ±1/√rows, as torch.nn.Linear has them, a network begins nearly linear, and stays too smooth: it found 0.74 of
    1.08 nats of y = |x| in noise, from x with noise in it given y, where this found 1.01.
    """
    limit = sqrt(6 / rows)
    return [
        (2 * torch.rand(shape, generator=stream, device=stream.device) - 1) * limit
        for shape in ((rows, columns), (columns,))
    ]


def zeros(rows: int, columns: int, stream: Generator) -> list[Tensor]:
    """A layer that begins as nothing."""
    return [torch.zeros(shape, device=stream.device) for shape in ((rows, columns), (columns,))]


class Perceptron:
    """Dense layers; the last one begins at 0 if it is to `start_at_zero`."""

    def __init__(self, widths: Sequence[int], activation: str, start_at_zero: bool = False):
        self.widths, self.start_at_zero = list(widths), start_at_zero
        self.activation = one_of(ACTIVATIONS, activation, "activation")

    def draw(self, stream: Generator) -> list[Tensor]:
        """First weights."""
        layers = list(pairwise(self.widths))
        made = [w for a, b in layers[:-1] for w in drawn(a, b, stream)]
        return [*made, *(zeros if self.start_at_zero else drawn)(*layers[-1], stream)]

    def __call__(self, weights: Sequence[Tensor], z: Tensor) -> Tensor:
        """`(n, inputs)` to `(n, outputs)`."""
        for i in range(0, len(weights) - 2, 2):
            z = self.activation(torch.addmm(weights[i + 1], z, weights[i]))
        return torch.addmm(weights[-1], z, weights[-2])


class Convolution:
    """Pictures to two of their size, through halved pictures and back, told of a vector beside them.

    `hidden` are the channels at each halving. The input is a row of two numbers a pixel, one picture after the other,
    and then the vector; with `pictures=3` the vector begins with a third picture.
    """

    def __init__(self, pixels: int, pictures: int, beside: int, hidden: Sequence[int], activation: str):
        self.side, self.pixels, self.pictures = isqrt(pixels), pixels, pictures
        self.beside, self.hidden = beside, list(hidden)
        self.activation = one_of(ACTIVATIONS, activation, "activation")
        down = list(pairwise([pictures, *hidden]))
        up = [(a + b, b) for a, b in pairwise(reversed(hidden))]
        self.layers = [*down, *up]

    def draw(self, stream: Generator) -> list[Tensor]:
        """First weights: of each layer's 3 × 3 kernel, with its shift, and of what it is told; then of the output."""
        made = []
        for a, b in self.layers:
            kernel, shift = drawn(9 * a, b, stream)
            made += [kernel.T.reshape(b, a, 3, 3).contiguous(), shift, *zeros(self.beside, b, stream)]
        kernel, shift = zeros(9 * self.hidden[0], 2, stream)
        return [*made, kernel.T.reshape(2, self.hidden[0], 3, 3).contiguous(), shift]

    def __call__(self, weights: Sequence[Tensor], rows: Tensor) -> Tensor:
        """`(n, 2 pixels + beside)` to `(n, 2 pixels)`."""
        beside = rows[:, 2 * self.pixels :]
        z = rows[:, : self.pictures * self.pixels].view(-1, self.pictures, self.side, self.side)
        kept: list[Tensor] = []
        for i in range(len(self.layers)):
            kernel, shift, matrix, base = weights[4 * i : 4 * i + 4]
            if 0 < i < len(self.hidden):
                kept.append(z)
                z = functional.avg_pool2d(z, 2)
            elif i >= len(self.hidden):
                z = torch.cat([functional.interpolate(z, scale_factor=2.0), kept.pop()], 1)
            shifts = torch.addmm(base, beside, matrix)[:, :, None, None]
            z = self.activation(functional.conv2d(z, kernel, shift, padding=1) + shifts)
        return functional.conv2d(z, weights[-2], weights[-1], padding=1).flatten(1)

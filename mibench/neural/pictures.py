"""Critics that learn an encoder of pictures: convolutions of many critics at once, as products of patches."""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional

from mibench.neural.bound import Bound
from mibench.neural.critics import ACTIVATIONS, Concat, Critic, dense, one_of, perceptron
from mibench.neural.limits import SMALLEST

KERNEL, STRIDE, MARGIN = 4, 2, 1
"""Each convolution halves the side of its picture."""

FIRST_CHANNELS = 16


class Convolution:
    """A map of features of a square picture, `(K, n, side²)` to `(K, n, places, channels)`, and its code.

    The channels double with each layer; the code is one dense layer on the whole map.
    """

    def __init__(self, settings: Bound, pixels: int):
        side = isqrt(pixels)
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.side, self.embedding = side, settings.embedding
        halvings = (side // SMALLEST).bit_length() - 1
        widths = [1, *(FIRST_CHANNELS << i for i in range(halvings))]
        self.channels, side = widths[-1], side >> halvings
        self.parameters = [p for a, b in pairwise(widths) for p in dense(a * KERNEL**2, b, columns=b)]
        self.places = side * side
        self.parameters += dense(self.places * self.channels, settings.embedding)

    def map(self, weights: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """Features by place, of which each sees its own part of the picture."""
        k, n, _ = pictures.shape
        z, side = pictures.reshape(k * n, 1, self.side, self.side), self.side
        for i in range(0, len(self.parameters) - 2, 2):
            patches = functional.unfold(z, KERNEL, padding=MARGIN, stride=STRIDE)
            side //= STRIDE
            patches = patches.transpose(1, 2).reshape(k, n * side * side, -1)
            found = self.activation(torch.baddbmm(weights[i + 1], patches, weights[i]))
            z = found.view(k * n, side * side, -1).transpose(1, 2).reshape(k * n, -1, side, side)
        return found.view(k, n, self.places, self.channels)

    def code(self, weights: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """E of each picture, `(K, n, embedding)`."""
        return perceptron(weights[-2:], self.map(weights, pictures).flatten(2), self.activation)[..., : self.embedding]


class EncodedPicture(Concat):
    """A concatenated critic of x and E(y), where E is a convolution learnt with the critic."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        super().__init__(settings, dim_x, settings.embedding)
        self.encoder, self.of_critic = Convolution(settings, dim_y), len(self.parameters)
        self.parameters = [*self.parameters, *self.encoder.parameters]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return super().read_y(weights, self.encoder.code(weights[self.of_critic :], y))

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return super().score(weights[: self.of_critic], x, y)


class Places(Critic):
    """One concatenated critic of each place of x's map with E(y): scores `(K, groups, g, g, places)`.

    Map and code come from one convolution, so x and y are pictures of one size.
    """

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.encoder = Convolution(settings, dim_y)
        self.pair = Concat(settings, self.encoder.channels, settings.embedding)
        self.of_critic = len(self.pair.parameters)
        self.widths = self.encoder.places * self.pair.widths[0], self.pair.widths[1]
        self.parameters = [*self.pair.parameters, *self.encoder.parameters]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        features = self.encoder.map(weights[self.of_critic :], x)
        return self.pair.read_x(weights, features.flatten(1, 2)).view(*features.shape[:2], -1)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return self.pair.read_y(weights, self.encoder.code(weights[self.of_critic :], y))

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        k, groups, g, _ = x.shape
        by_place = x.view(k, groups, g * self.encoder.places, -1)
        scores = self.pair.score(weights[: self.of_critic], by_place, y)
        return scores.view(k, groups, g, self.encoder.places, g).transpose(3, 4)

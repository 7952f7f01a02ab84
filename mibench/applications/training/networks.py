"""Perceptrons whose first weights come from a stream of one's own, and the loss of two adversaries."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Between = Literal["plain", "batch", "spectral"]


Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def begun(layer: Layer, inputs: int, first: torch.Generator) -> Layer:
    """A layer of the device "meta" with weights within ±1/√inputs, as torch begins it, from the stream `first`."""
    layer = layer.to_empty(device="cpu")  # torch itself draws from the global stream
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-(inputs**-0.5), inputs**-0.5, generator=first)
    return layer


def dense(inputs: int, outputs: int, first: torch.Generator) -> nn.Linear:
    """A layer that begins within ±1/√inputs, as torch.nn.Linear does, from the stream `first`."""
    return begun(nn.Linear(inputs, outputs, device="meta"), inputs, first)


class Spectral(nn.Module):
    """A layer divided by its greatest singular value, which a step of the power method a call of training follows.

    Miyato et al. 2018, arXiv:1802.05957; of a convolution the matrix is (outputs, all else), as there. torch's own
    draws its first vector from a global stream.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, first: torch.Generator):
        super().__init__()
        self.layer = layer
        self.register_buffer("left", functional.normalize(torch.randn(len(layer.weight), generator=first), dim=0))

    def forward(self, z: Tensor) -> Tensor:
        """`z W / σ(W) + b`."""
        layer, matrix, left = self.layer, self.layer.weight.flatten(1), self.get_buffer("left")
        with torch.no_grad():
            right = functional.normalize(left @ matrix, dim=0)
            if self.training:
                left = functional.normalize(matrix @ right, dim=0)
                self.get_buffer("left").copy_(left)
        weight = layer.weight / (left @ matrix @ right)
        if isinstance(layer, nn.Linear):
            return functional.linear(z, weight, layer.bias)
        return functional.conv2d(z, weight, layer.bias, layer.stride, layer.padding)


def perceptron(
    widths: Sequence[int],
    first: torch.Generator,
    activation: Callable[[], nn.Module] = nn.ReLU,
    between: Between = "plain",
) -> nn.Sequential:
    """Dense layers from width to width; "batch" normalises the hidden ones, "spectral" divides all by their norm."""
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(pairwise(widths), start=2):
        layer = dense(inputs, outputs, first)
        layers.append(Spectral(layer, first) if between == "spectral" else layer)
        if k < len(widths):
            layers += [nn.BatchNorm1d(outputs)] * (between == "batch") + [activation()]
    return nn.Sequential(*layers)


class Greatest(nn.Module):
    """The greatest of `pieces` numbers that stand beside one another, in `(n, outputs · pieces)`: `(n, outputs)`."""

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def forward(self, z: Tensor) -> Tensor:
        """Maxout, Goodfellow et al. 2013, arXiv:1302.4389."""
        return z.view(len(z), -1, self.pieces).amax(2)


def maxout(widths: Sequence[int], pieces: int, first: torch.Generator) -> nn.Sequential:
    """Layers from width to width, of which all but the last take the greatest of so many dense ones."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [dense(inputs, outputs * pieces, first), Greatest(pieces)]
    return nn.Sequential(*layers, dense(widths[-2], widths[-1], first))


def leaky() -> nn.Module:
    """The activation of discriminators."""
    return nn.LeakyReLU(0.2)


def told_apart(real: Tensor, fake: Tensor) -> Tensor:
    """What a discriminator minimises, from its logits of real and of generated rows."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def taken_for_real(fake: Tensor) -> Tensor:
    """What a generator minimises, from the logits of what it made: the loss that does not saturate."""
    return functional.softplus(-fake).mean()

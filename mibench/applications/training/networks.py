"""Perceptrons whose first weights come from a stream of one's own, and the loss of two adversaries."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Between = Literal["plain", "batch", "spectral"]


def dense(inputs: int, outputs: int, first: torch.Generator) -> nn.Linear:
    """A layer that begins within ±1/√inputs, as torch.nn.Linear does, from the stream `first`."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")  # draws nothing from the global stream
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-(inputs**-0.5), inputs**-0.5, generator=first)
    return layer


class Spectral(nn.Module):
    """A layer divided by its greatest singular value, which a step of the power method a call of training follows.

    Miyato et al. 2018, arXiv:1802.05957. torch's own draws its first vector from a global stream.
    """

    def __init__(self, inputs: int, outputs: int, first: torch.Generator):
        super().__init__()
        self.layer = dense(inputs, outputs, first)
        self.register_buffer("left", functional.normalize(torch.randn(outputs, generator=first), dim=0))

    def forward(self, z: Tensor) -> Tensor:
        """`z W / σ(W) + b`."""
        weight, left = self.layer.weight, self.get_buffer("left")
        with torch.no_grad():
            right = functional.normalize(left @ weight, dim=0)
            if self.training:
                left = functional.normalize(weight @ right, dim=0)
                self.get_buffer("left").copy_(left)
        return functional.linear(z, weight / (left @ weight @ right), self.layer.bias)


def perceptron(
    widths: Sequence[int],
    first: torch.Generator,
    activation: Callable[[], nn.Module] = nn.ReLU,
    between: Between = "plain",
) -> nn.Sequential:
    """Dense layers from width to width; "batch" normalises the hidden ones, "spectral" divides all by their norm."""
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(pairwise(widths), start=2):
        layers.append(Spectral(inputs, outputs, first) if between == "spectral" else dense(inputs, outputs, first))
        if k < len(widths):
            layers += [nn.BatchNorm1d(outputs)] * (between == "batch") + [activation()]
    return nn.Sequential(*layers)


def leaky() -> nn.Module:
    """The activation of discriminators."""
    return nn.LeakyReLU(0.2)


def told_apart(real: Tensor, fake: Tensor) -> Tensor:
    """What a discriminator minimises, from its logits of real and of generated rows."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def taken_for_real(fake: Tensor) -> Tensor:
    """What a generator minimises, from the logits of what it made: the loss that does not saturate."""
    return functional.softplus(-fake).mean()

"""Networks that read and make pictures by convolutions, each of which halves or doubles the side.

As in DCGAN (Radford et al. 2016, arXiv:1511.06434): 5 x 5 weights, a step of 2, batch normalisation of all but the
first layer that reads and the last that makes. Pictures are rows `(n, channels · side²)` outside.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Protocol

import torch
from torch import Tensor, nn

from mibench.applications.training.networks import Between, Spectral, begun, perceptron

ACROSS = 5
"""Weights across."""

Shape = tuple[int, int, int]
"""Channels, side, side."""


def sides(side: int, layers: int) -> list[int]:
    """The side before and after each layer, which halves it and rounds up: 28, 14, 7, 4, 2."""
    found = [side]
    for _ in range(layers):
        found.append((found[-1] + 1) // 2)
    return found


class Reader(nn.Module):
    """Convolutions with `channels` outputs each, and a perceptron of `hidden` layers that reads the last.

    `beside` is how many columns stand behind the picture's own, and go to the perceptron as they are.
    """

    def __init__(
        self,
        shape: Shape,
        channels: Sequence[int],
        hidden: Sequence[int],
        outputs: int,
        first: torch.Generator,
        activation: Callable[[], nn.Module] = nn.ReLU,
        between: Between = "batch",
        beside: int = 0,
    ):
        super().__init__()
        self.shape = shape
        self.blocks = nn.ModuleList()
        inputs = shape[0]
        for k, width in enumerate(channels):
            made = nn.Conv2d(inputs, width, ACROSS, stride=2, padding=ACROSS // 2, device="meta")
            layer: nn.Module = begun(made, inputs * ACROSS**2, first)
            if between == "spectral":
                layer = Spectral(layer, first)  # type: ignore[arg-type]
            normal = [nn.BatchNorm2d(width)] if between == "batch" and k else []
            self.blocks.append(nn.Sequential(layer, *normal, activation()))
            inputs = width
        features = inputs * sides(shape[1], len(channels))[-1] ** 2
        self.head = perceptron((features + beside, *hidden, outputs), first, activation, between)

    def maps(self, x: Tensor) -> list[Tensor]:
        """What each convolution makes of pictures, `(n, channels, side, side)`."""
        z = x[:, : prod(self.shape)].view(-1, *self.shape)
        found = []
        for block in self.blocks:
            z = block(z)
            found.append(z)
        return found

    def told(self, last: Tensor, x: Tensor) -> Tensor:
        """Outputs of the last of the maps, and of what stands beside the pictures in x."""
        outputs: Tensor = self.head(torch.cat([last.flatten(1), x[:, prod(self.shape) :]], 1))
        return outputs

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(n, outputs)` of pictures and what stands beside them."""
        return self.told(self.maps(x)[-1], x)


class Maker(nn.Module):
    """A dense layer to a small map, and transposed convolutions that lead back through `channels` to the picture."""

    def __init__(self, inputs: int, channels: Sequence[int], shape: Shape, first: torch.Generator):
        super().__init__()
        along, widths = sides(shape[1], len(channels))[::-1], [*channels[::-1], shape[0]]
        self.small = (widths[0], along[0], along[0])
        self.begin = perceptron((inputs, prod(self.small)), first)
        layers: list[nn.Module] = []
        for k, width in enumerate(widths[:-1]):
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            made = nn.ConvTranspose2d(
                width,
                widths[k + 1],
                ACROSS,
                stride=2,
                padding=ACROSS // 2,
                output_padding=1 - along[k + 1] % 2,
                device="meta",
            )
            layers.append(begun(made, width * ACROSS**2, first))
        self.grow = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        """Pictures `(n, channels · side²)` of codes `(n, inputs)`."""
        grown: Tensor = self.grow(self.begin(z).view(-1, *self.small))
        return grown.flatten(1)


class Shapes(Protocol):
    """What says how large networks are, and of which kind."""

    @property
    def networks(self) -> str:
        """ "convolution" or "perceptron"."""

    @property
    def channels(self) -> Sequence[int]:
        """Outputs of each convolution that reads."""

    @property
    def hidden(self) -> Sequence[int]:
        """Widths of dense layers."""


def reader(
    settings: Shapes,
    shape: Shape,
    outputs: int,
    first: torch.Generator,
    activation: Callable[[], nn.Module] = nn.ReLU,
    between: Between = "batch",
    beside: int = 0,
) -> nn.Module:
    """A network that reads pictures, and `beside` columns behind them: see `Reader`."""
    if settings.networks == "convolution":
        return Reader(shape, settings.channels, settings.hidden, outputs, first, activation, between, beside)
    return perceptron((prod(shape) + beside, *settings.hidden, outputs), first, activation, between)


def maker(settings: Shapes, inputs: int, shape: Shape, first: torch.Generator) -> nn.Module:
    """A network that makes pictures: see `Maker`; as a perceptron it has the `hidden` widths backwards."""
    if settings.networks == "convolution":
        return Maker(inputs, settings.channels, shape, first)
    widths = (inputs, *settings.hidden[::-1], prod(shape))
    return perceptron(widths, first, between="batch").append(nn.Sigmoid())

"""Critics T(x, y), many at once: the parameters of K critics are one matrix, a row a critic.

A critic reads x and y apart (`read_x`, `read_y`) and scores the two readings of a pair (`score`). So the partners of a
batch are mixed after the first layer, and what depends on x or on y alone is computed once a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ALIGNMENT = 64
"""Floats; each parameter begins on a whole vector, so that a critic's arithmetic does not depend on its neighbours."""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": functional.silu,
    "relu": functional.relu,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class Dense:
    """A layer `W z + b`, drawn uniformly within ±1/√fan_in, as torch.nn.Linear is."""

    inputs: int
    outputs: int
    fan_in: int
    bias: bool = True

    @property
    def shapes(self) -> list[tuple[int, int]]:
        return [(self.inputs, self.outputs), *([(1, self.outputs)] if self.bias else [])]


def padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class Layers:
    """The places of some layers' parameters in a row of the matrix."""

    def __init__(self, layers: Sequence[Dense]):
        self.layers = layers
        self.shapes = [shape for layer in layers for shape in layer.shapes]
        self.sizes = [padded(prod(shape)) for shape in self.shapes]

    @property
    def size(self) -> int:
        return sum(self.sizes)

    def draw(self, rng: np.random.Generator) -> Tensor:
        """One critic's first parameters."""
        row = np.zeros(self.size, dtype=np.float32)
        limits = [1 / sqrt(layer.fan_in) for layer in self.layers for _ in layer.shapes]
        for shape, start, limit in zip(self.shapes, np.cumsum([0, *self.sizes]), limits, strict=False):
            row[start : start + prod(shape)] = rng.uniform(-limit, limit, prod(shape))
        return torch.from_numpy(row)

    def unpack(self, theta: Tensor) -> list[Tensor]:
        """Views `(K, inputs, outputs)` and `(K, 1, outputs)` of the parameters `(K, size)`, in the order of layers."""
        parts = torch.split(theta, self.sizes, dim=1)
        return [part[:, : prod(s)].view(-1, *s) for part, s in zip(parts, self.shapes, strict=True)]


class Critic(Protocol):
    """K critics of one architecture."""

    layers: Layers

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        """What the critic makes of x alone: `(K, n, dim_x)` to `(K, n, ...)`."""

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        """What the critic makes of y alone."""

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Scores `(K, s, n)` of readings `(K, 1 or s, n, ...)` of x and `(K, s, n, ...)` of y."""


def perceptron(weights: Sequence[Tensor], z: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Dense layers, with the activation between them."""
    for k in range(0, len(weights), 2):
        z = torch.baddbmm(weights[k + 1], activation(z) if k else z, weights[k])
    return z


class Concat:
    """A perceptron on x and y side by side; its first layer is `W_x x + W_y y + b`."""

    def __init__(self, dim_x: int, dim_y: int, hidden: Sequence[int], activation: Callable[[Tensor], Tensor]):
        fan_in = dim_x + dim_y
        first, *rest = (*hidden, 1)
        self.activation = activation
        self.layers = Layers(
            [
                Dense(dim_x, first, fan_in, bias=False),
                Dense(dim_y, first, fan_in),
                *(Dense(i, o, i) for i, o in zip((first, *rest), rest, strict=False)),
            ]
        )

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return torch.bmm(x, weights[0])

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.baddbmm(weights[2], y, weights[1])

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        z = (x + y).flatten(1, 2)
        return perceptron(weights[3:], self.activation(z), self.activation).view(len(z), y.shape[1], y.shape[2])


def merge(dim_x: int, dim_y: int, hidden: Sequence[int], activation: Callable[[Tensor], Tensor]) -> Concat:
    """`relu(W_x x + W_y y)`, then dense: the two merged layers of introductions to MINE."""
    return Concat(dim_x, dim_y, hidden[:1], functional.relu)


CRITICS: dict[str, Callable[[int, int, Sequence[int], Callable[[Tensor], Tensor]], Critic]] = {
    "concat": Concat,
    "merge": merge,
}

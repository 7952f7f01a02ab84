"""Critics T(x, y), many at once: the parameters of K critics are one matrix, a row a critic.

A critic reads x and y apart (`read_x`, `read_y`) and scores the readings in groups of g rows, every x with every y of
its group: g joint pairs, and g − 1 mismatched partners for each row. So what depends on x or on y alone is computed
once a row, and the partners are all used.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import log, pi, prod, sqrt
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mibench.neural import NeuralEstimator

ALIGNMENT = 64
"""Floats; each parameter begins on a whole vector, so that a critic's arithmetic does not depend on its neighbours."""

Activation = Callable[[Tensor], Tensor]
T = TypeVar("T")

ACTIVATIONS: dict[str, Activation] = {
    "silu": functional.silu,
    "relu": functional.relu,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "tanh": torch.tanh,
}


def one_of(table: Mapping[str, T], name: str, field: str) -> T:
    """The entry of that name, or an error that lists the names there are."""
    if name not in table:
        raise ValueError(f"{field}={name!r} is none of {', '.join(table)}")
    return table[name]


def padded(size: int) -> int:
    """The size rounded up to whole vectors."""
    return -(-size // ALIGNMENT) * ALIGNMENT


class Critic(ABC):
    """K critics of one architecture. `shapes` are the parameters' shapes, each with its bound: drawn within ±bound."""

    shapes: Sequence[tuple[tuple[int, int], float]]

    @abstractmethod
    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        """What the critic makes of x alone: `(K, n, dim_x)` to `(K, n, features)`."""

    @abstractmethod
    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        """What the critic makes of y alone."""

    @abstractmethod
    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Scores `(K, groups, g, g)` of readings `(K, groups, g, features)`: every x with every y of its group."""

    @property
    def sizes(self) -> list[int]:
        """Places of the parameters in a row."""
        return [padded(prod(shape)) for shape, _ in self.shapes]

    def draw(self, rng: np.random.Generator) -> Tensor:
        """One critic's first parameters, a row."""
        row = np.zeros(sum(self.sizes), dtype=np.float32)
        for (shape, limit), start in zip(self.shapes, np.cumsum([0, *self.sizes]), strict=False):
            row[start : start + prod(shape)] = rng.uniform(-limit, limit, prod(shape))
        return torch.from_numpy(row)

    def unpack(self, theta: Tensor) -> list[Tensor]:
        """Views `(K, *shape)` of the parameters `(K, size)`."""
        parts = torch.split(theta, self.sizes, dim=1)
        return [part[:, : prod(s)].view(-1, *s) for part, (s, _) in zip(parts, self.shapes, strict=True)]


def dense(inputs: int, outputs: int, fan_in: int | None = None) -> list[tuple[tuple[int, int], float]]:
    """A layer `W z + b`, drawn within ±1/√fan_in as torch.nn.Linear is."""
    limit = 1 / sqrt(fan_in or inputs)
    return [((inputs, outputs), limit), ((1, outputs), limit)]


def layers(*widths: int) -> list[tuple[tuple[int, int], float]]:
    """Dense layers from each width to the next."""
    return [shape for pair in pairwise(widths) for shape in dense(*pair)]


def perceptron(weights: Sequence[Tensor], z: Tensor, activation: Activation) -> Tensor:
    """Dense layers, with the activation between them."""
    for k in range(0, len(weights), 2):
        z = torch.baddbmm(weights[k + 1], activation(z) if k else z, weights[k])
    return z


class Concat(Critic):
    """A perceptron on x and y side by side; its first layer is `W_x x + W_y y + b`."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        first, *rest = settings.hidden
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        both = dim_x + dim_y
        self.shapes = [dense(dim_x, first, both)[0], *dense(dim_y, first, both), *layers(first, *rest, 1)]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return torch.bmm(x, weights[0])

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.baddbmm(weights[2], y, weights[1])

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        z = self.activation((x.unsqueeze(3) + y.unsqueeze(2)).flatten(1, 3))
        return perceptron(weights[3:], z, self.activation).view(*x.shape[:3], -1)


def merge(settings: NeuralEstimator, dim_x: int, dim_y: int) -> Concat:
    """`relu(W_x x + W_y y)`, then dense: the two merged layers of introductions to MINE."""
    return Concat(replace(settings, hidden=settings.hidden[:1], activation="relu"), dim_x, dim_y)


class Separable(Critic):
    """f(x)·g(y), two perceptrons and the product of their outputs."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        f, g = (layers(dim, *settings.hidden, settings.embedding) for dim in (dim_x, dim_y))
        self.shapes, self.of_x = [*f, *g], len(f)
        self.of_y = len(self.shapes)

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights[: self.of_x], x, self.activation)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return perceptron(weights[self.of_x : self.of_y], y, self.activation)

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return x @ y.transpose(2, 3)


class Bilinear(Separable):
    """f(x)ᵀ W g(y), two perceptrons and a matrix between them."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        super().__init__(settings, dim_x, dim_y)
        self.shapes = [*self.shapes, dense(settings.embedding, settings.embedding)[0]]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.bmm(super().read_y(weights, y), weights[-1])


class Encoded(Concat):
    """A concatenated critic of x and E(y), where the encoder E is a perceptron learnt with the critic."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        super().__init__(settings, dim_x, settings.embedding)
        self.of_critic = len(self.shapes)
        self.shapes = [*self.shapes, *layers(dim_y, *settings.hidden, settings.embedding)]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return super().read_y(weights, perceptron(weights[self.of_critic :], y, self.activation))

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return super().score(weights[: self.of_critic], x, y)


class OfX(Critic):
    """A function of x alone, the same for all partners of a row."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.shapes = layers(dim_x, *settings.hidden, 1)

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights, x, self.activation)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y[..., :0]

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return x.expand(*x.shape[:3], y.shape[2])


def log_normal(y: Tensor, mean: Tensor, raw: Tensor) -> Tensor:
    """log density of independent normal coordinates; the log standard deviation is `raw`, bent to stay within ±7."""
    log_sd = 7 * torch.tanh(raw / 7)
    return (-0.5 * ((y - mean) * torch.exp(-log_sd)).square() - log_sd - 0.5 * log(2 * pi)).sum(-1)


class YGivenX(Critic):
    """log q(y|x), a normal density whose means and standard deviations are a perceptron's of x."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.shapes = layers(dim_x, *settings.hidden, 2 * dim_y)

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights, x, self.activation)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        mean, raw = x.unsqueeze(3).chunk(2, dim=-1)
        return log_normal(y.unsqueeze(2), mean, raw)


class OfY(Critic):
    """log q(y), a normal density of independent coordinates."""

    def __init__(self, settings: NeuralEstimator, dim_x: int, dim_y: int):
        self.shapes = [((1, 2 * dim_y), 0.0)]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return x[..., :0]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        mean, raw = weights[0].unsqueeze(1).chunk(2, dim=-1)
        return log_normal(y, mean, raw).unsqueeze(2).expand(*y.shape[:3], y.shape[2])


class Heads(Critic):
    """Several critics side by side, of which a bound gets all the scores: `(K, groups, g, g, heads)`."""

    def __init__(self, heads: Sequence[Critic]):
        self.heads = heads
        self.shapes = [shape for head in heads for shape in head.shapes]

    def own(self, weights: Sequence[Tensor]) -> list[Sequence[Tensor]]:
        ends = np.cumsum([0, *(len(head.shapes) for head in self.heads)])
        return [weights[i:j] for i, j in pairwise(ends)]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        readings = [head.read_x(own, x) for head, own in zip(self.heads, self.own(weights), strict=True)]
        self.widths_x = [z.shape[-1] for z in readings]
        return torch.cat(readings, -1)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        readings = [head.read_y(own, y) for head, own in zip(self.heads, self.own(weights), strict=True)]
        self.widths_y = [z.shape[-1] for z in readings]
        return torch.cat(readings, -1)

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        xs, ys = torch.split(x, self.widths_x, -1), torch.split(y, self.widths_y, -1)
        each = zip(self.heads, self.own(weights), xs, ys, strict=True)
        return torch.stack([head.score(own, of_x, of_y) for head, own, of_x, of_y in each], -1)

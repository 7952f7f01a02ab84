"""Critics T(x, y), many at once: the parameters of K critics are one matrix, a row a critic.

A critic reads x and y apart (`read_x`, `read_y`) and scores the readings in groups of g rows, every x with every y of
its group: g joint pairs, and g − 1 mismatched partners for each row. So what depends on x or on y alone is computed
once a row, and the partners are all used.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log, pi, prod, sqrt
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mibench.neural.bound import Bound
from mibench.neural.company import ALIGNMENT, in_whole_vectors, padded
from mibench.neural.compiled import perceptron as compiled

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


@dataclass(frozen=True)
class Parameter:
    """A matrix of `stored` shape: its first `drawn` rows and columns begin within ±limit, the rest is and stays 0."""

    drawn: tuple[int, int]
    stored: tuple[int, int]
    limit: float


class Critic(ABC):
    """K critics of one architecture."""

    parameters: Sequence[Parameter]
    widths: tuple[int, int]
    """How many features it makes of x, and how many of y."""
    twice = False
    """Whether scores must be differentiable twice, which those of compiled kernels are not."""

    @abstractmethod
    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        """What the critic makes of x alone: `(K, n, dim_x)` to `(K, n, features)`."""

    @abstractmethod
    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        """What the critic makes of y alone."""

    @abstractmethod
    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Scores `(K, groups, g, g)` of readings `(K, groups, g, features)`: every x with every y of its group."""

    def differentiable_twice(self) -> None:
        """From now on scores can be differentiated twice."""
        self.twice = True

    @property
    def sizes(self) -> list[int]:
        """Places of the parameters in a row."""
        return [padded(prod(p.stored), ALIGNMENT) for p in self.parameters]

    def draw(self, rng: np.random.Generator) -> Tensor:
        """One critic's first parameters, a row."""
        row = np.zeros(sum(self.sizes), dtype=np.float32)
        for p, start in zip(self.parameters, np.cumsum([0, *self.sizes]), strict=False):
            matrix = row[start : start + prod(p.stored)].reshape(p.stored)
            matrix[: p.drawn[0], : p.drawn[1]] = rng.uniform(-p.limit, p.limit, p.drawn)
        return torch.from_numpy(row)

    def unpack(self, theta: Tensor) -> list[Tensor]:
        """Views `(K, *stored)` of the parameters `(K, size)`."""
        parts = torch.split(theta, self.sizes, dim=1)
        each = zip(parts, self.parameters, strict=True)
        return [part[:, : prod(p.stored)].view(-1, *p.stored) for part, p in each]


def dense(
    inputs: int, outputs: int, *, fan_in: int | None = None, rows: int | None = None, columns: int | None = None
) -> list[Parameter]:
    """A layer `z W + b`, drawn within ±1/√fan_in as torch.nn.Linear is; z is `rows` wide, and what comes `columns`."""
    limit, rows = 1 / sqrt(fan_in or inputs), rows or inputs
    columns = columns or padded(outputs)
    return [Parameter((inputs, outputs), (rows, columns), limit), Parameter((1, outputs), (1, columns), limit)]


def hidden_layers(*widths: int) -> list[Parameter]:
    """Dense layers from each width to the next, the first being a layer's too."""
    return [parameter for a, b in pairwise(widths) for parameter in dense(a, b, rows=padded(a))]


def to_a_number(width: int) -> list[Parameter]:
    """The layer that makes a score of a layer so wide."""
    return dense(width, 1, rows=padded(width), columns=1)


def layers(dim: int, *widths: int) -> list[Parameter]:
    """Dense layers from data of so many coordinates to each width in turn."""
    return [*dense(dim, widths[0]), *hidden_layers(*widths)]


def affine(weight: Tensor, shift: Tensor, z: Tensor) -> Tensor:
    """`z W + b`. On a CPU to a single output as a weighted sum, a quarter of what a product with one column costs."""
    if weight.shape[2] == 1 and not z.is_cuda:
        return (z * weight.transpose(1, 2)).sum(2, keepdim=True) + shift
    return torch.baddbmm(shift, z, weight)


def perceptron(weights: Sequence[Tensor], z: Tensor, activation: Activation) -> Tensor:
    """Dense layers, with the activation between them."""
    for k in range(0, len(weights), 2):
        z = affine(weights[k], weights[k + 1], activation(z) if k else z)
    return z


class Concat(Critic):
    """A perceptron on x and y side by side; its first layer is `W_x x + W_y y + b`."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        first, *rest = settings.hidden
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        both = dim_x + dim_y
        of_x, of_y = dense(dim_x, first, fan_in=both), dense(dim_y, first, fan_in=both)
        self.parameters = [of_x[0], *of_y, *hidden_layers(first, *rest), *to_a_number(settings.hidden[-1])]
        self.widths = padded(first), padded(first)

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return torch.bmm(x, weights[0])

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.baddbmm(weights[2], y, weights[1])

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        if not self.twice and compiled.serve(self.activation, x):
            return compiled.scores(self.activation, x, y, weights[3:])
        z = self.activation((x.unsqueeze(3) + y.unsqueeze(2)).flatten(1, 3))
        return perceptron(weights[3:], z, self.activation).view(*x.shape[:3], -1)


def merge(settings: Bound, dim_x: int, dim_y: int) -> Concat:
    """`relu(W_x x + W_y y)`, then dense: the two merged layers of introductions to MINE."""
    return Concat(replace(settings, hidden=settings.hidden[:1], activation="relu"), dim_x, dim_y)


class Separable(Critic):
    """f(x)·g(y), two perceptrons and the product of their outputs."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        f, g = (layers(dim, *settings.hidden, settings.embedding) for dim in (dim_x, dim_y))
        self.parameters, self.of_x = [*f, *g], len(f)
        self.of_y = len(self.parameters)
        self.widths = padded(settings.embedding), padded(settings.embedding)

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights[: self.of_x], x, self.activation)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return perceptron(weights[self.of_x : self.of_y], y, self.activation)

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return x @ y.transpose(2, 3)


class Bilinear(Separable):
    """f(x)ᵀ W g(y), two perceptrons and a matrix between them."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        super().__init__(settings, dim_x, dim_y)
        self.parameters = [*self.parameters, hidden_layers(settings.embedding, settings.embedding)[0]]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.bmm(super().read_y(weights, y), weights[-1])


class Encoded(Concat):
    """A concatenated critic of x and E(y), where the encoder E is a perceptron learnt with the critic."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        super().__init__(settings, dim_x, settings.embedding)
        self.of_critic, self.embedding = len(self.parameters), settings.embedding
        self.parameters = [*self.parameters, *layers(dim_y, *settings.hidden, settings.embedding)]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        code = perceptron(weights[self.of_critic :], y, self.activation)
        return super().read_y(weights, code[..., : self.embedding])

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return super().score(weights[: self.of_critic], x, y)


class OfX(Critic):
    """A function of x alone, the same for all partners of a row."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.parameters = [*layers(dim_x, *settings.hidden), *to_a_number(settings.hidden[-1])]
        self.widths = 1, 0

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights, x, self.activation)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y[..., :0]

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return x.expand(*x.shape[:3], y.shape[2])


def log_normal(y: Tensor, mean: Tensor, raw: Tensor) -> Tensor:
    """log density of independent normal coordinates; the log standard deviation is `raw`, bent to stay within ±7."""
    log_sd = 7 * in_whole_vectors(torch.tanh, raw / 7)
    return (-0.5 * ((y - mean) * in_whole_vectors(torch.exp, -log_sd)).square() - log_sd - 0.5 * log(2 * pi)).sum(-1)


class YGivenX(Critic):
    """log q(y|x), a normal density whose means and standard deviations are a perceptron's of x."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.parameters = layers(dim_x, *settings.hidden, 2 * dim_y)
        self.widths = 2 * dim_y, dim_y

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights, x, self.activation)[..., : self.widths[0]]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        mean, raw = x.unsqueeze(3).chunk(2, dim=-1)
        return log_normal(y.unsqueeze(2), mean, raw)


class XGivenY(YGivenX):
    """log q(x|y), the same the other way round: a row's partners are other conditions of its own x."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        super().__init__(settings, dim_y, dim_x)
        self.widths = self.widths[::-1]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return x

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return perceptron(weights, y, self.activation)[..., : self.widths[1]]

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return super().score(weights, y, x).transpose(2, 3)


class OfY(Critic):
    """log q(y), a normal density of independent coordinates."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.parameters = [Parameter((1, 2 * dim_y), (1, 2 * dim_y), 0.0)]
        self.widths = 0, dim_y

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
        self.parameters = [parameter for head in heads for parameter in head.parameters]
        self.widths = sum(head.widths[0] for head in heads), sum(head.widths[1] for head in heads)

    def differentiable_twice(self) -> None:
        for head in self.heads:
            head.differentiable_twice()

    def own(self, weights: Sequence[Tensor]) -> list[Sequence[Tensor]]:
        """Each head's part of the parameters."""
        ends = np.cumsum([0, *(len(head.parameters) for head in self.heads)])
        return [weights[i:j] for i, j in pairwise(ends)]

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return torch.cat([head.read_x(own, x) for head, own in zip(self.heads, self.own(weights), strict=True)], -1)

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return torch.cat([head.read_y(own, y) for head, own in zip(self.heads, self.own(weights), strict=True)], -1)

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        of_x, of_y = (torch.split(z, [head.widths[side] for head in self.heads], -1) for side, z in enumerate((x, y)))
        each = zip(self.heads, self.own(weights), of_x, of_y, strict=True)
        return torch.stack([head.score(own, *readings) for head, own, *readings in each], -1)

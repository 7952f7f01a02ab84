"""Learnt mixtures of normal densities, of y alone and of y given x, with diagonal or full covariances.

The densities of KNIFE (Pichler et al. 2022, arXiv 2202.06618), whose precisions are products of triangular matrices.
"""

from collections.abc import Callable, Sequence
from math import log, pi
from typing import Any

import torch
from torch import Tensor

from mibench.neural.bound import Bound
from mibench.neural.company import in_whole_vectors
from mibench.neural.critics import ACTIVATIONS, Critic, Parameter, layers, one_of, perceptron


def numbers(settings: Any, dim: int) -> list[int]:
    """Of one mode: how many for its weight, mean, log standard deviations and what is below a triangle's diagonal."""
    return [1, dim, dim, dim * (dim - 1) // 2 if settings.covariance == "full" else 0]


def log_mixture(y: Tensor, modes: Tensor, parts: Sequence[int]) -> Tensor:
    """log density `(..., m)` of rows y `(..., m, dim)` under a mixture of modes `(..., K, numbers)` with these parts.

    Of y less a mode's mean, L (y − μ) is standard normal: L has 1/σ on its diagonal, and below it those times what is
    learnt. log σ is bent to stay within ±7.
    """
    dim = y.shape[-1]
    weight, mean, raw, below = torch.split(modes, list(parts), dim=-1)
    log_sd = 7 * of_each_critic(torch.tanh, raw / 7)
    off = y.unsqueeze(-3) - mean.unsqueeze(-2)
    if below.shape[-1]:
        lower = below.new_zeros(*below.shape[:-1], dim, dim)
        rows, columns = torch.tril_indices(dim, dim, -1, device=below.device)
        lower[..., rows, columns] = below
        off = off + off @ lower.transpose(-1, -2)
    squares = (off * of_each_critic(torch.exp, -log_sd).unsqueeze(-2)).square().sum(-1)
    log_parts = -0.5 * squares - log_sd.sum(-1, keepdim=True) - dim / 2 * log(2 * pi)
    return log_sum_exp(weight + log_parts) - log_sum_exp(weight)


def log_sum_exp(z: Tensor) -> Tensor:
    """log of the sum of exp(z) over the last dimension but one."""
    high = z.detach().amax(-2, keepdim=True)
    return high.squeeze(-2) + of_each_critic(torch.log, of_each_critic(torch.exp, z - high).sum(-2))


def of_each_critic(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """`function` of each number of `(K, ...)`, a critic's in whole vectors of their own (see `company`)."""
    return in_whole_vectors(function, z.flatten(1)).reshape(z.shape)


class MixtureYGivenX(Critic):
    """log q(y|x), a mixture whose weights, means and triangles are a perceptron's of x."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.activation = one_of(ACTIVATIONS, settings.activation, "activation")
        self.parts = numbers(settings, dim_y)
        self.widths = settings.modes * sum(self.parts), dim_y  # type: ignore[attr-defined]
        self.parameters = layers(dim_x, *settings.hidden, self.widths[0])

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return perceptron(weights, x, self.activation)[..., : self.widths[0]]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        return log_mixture(y.unsqueeze(2), x.reshape(*x.shape[:-1], -1, sum(self.parts)), self.parts)


class MixtureOfY(Critic):
    """log q(y), a mixture. Its means start apart, for modes that start as one stay one."""

    def __init__(self, settings: Bound, dim_x: int, dim_y: int):
        self.parts, modes = numbers(settings, dim_y), settings.modes  # type: ignore[attr-defined]
        limits = zip(self.parts, (0.0, 1.0, 0.0, 0.0), strict=True)
        self.parameters = [Parameter((modes, n), (modes, n), limit) for n, limit in limits if n]
        self.widths = 0, dim_y

    def read_x(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return x[..., :0]

    def read_y(self, weights: Sequence[Tensor], y: Tensor) -> Tensor:
        return y

    def score(self, weights: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        modes = torch.cat(list(weights), -1).unsqueeze(1)
        return log_mixture(y, modes, self.parts).unsqueeze(2).expand(*y.shape[:3], y.shape[2])

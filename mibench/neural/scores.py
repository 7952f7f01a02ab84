"""Scores of joint and marginal pairs."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mibench.neural.company import score_dtype, whole
from mibench.neural.critics import Critic

AT_ONCE, AT_ONCE_CUDA = 2**14, 2**22
"""Pairs scored together outside of training; their layers take a few hundred bytes each."""


def tables(critic: Critic, weights: Sequence[Tensor], x: Tensor, y: Tensor, group: int) -> Tensor:
    """Scores `(K, groups, g, g, ...)` of a batch, in groups of g rows; rows beyond the last whole group are left."""
    groups = x.shape[1] // group
    rows = groups * group
    of_x, of_y = critic.read_x(weights, x[:, :rows]), critic.read_y(weights, y[:, :rows])
    return critic.score(weights, *(z.reshape(len(z), groups, group, z.shape[2]) for z in (of_x, of_y)))


def tables_in_parts(critic: Critic, weights: Sequence[Tensor], x: Tensor, y: Tensor, group: int) -> Tensor:
    """The same table, with no more than `AT_ONCE` pairs of all critics in work together."""
    rows = max(1, (AT_ONCE_CUDA if x.is_cuda else AT_ONCE) // (group * group * len(x))) * group
    whole = x.shape[1] // group * group
    pieces = [(x[:, i : i + rows], y[:, i : i + rows]) for i in range(0, whole, rows)]
    return torch.cat([tables(critic, weights, *piece, group) for piece in pieces if piece[0].shape[1] >= group], 1)


def joint_and_marginal(table: Tensor) -> tuple[Tensor, Tensor]:
    """Joint `(K, n, ...)` and marginal `(K, n, g - 1, ...)` scores: the diagonal of each group, and all beside it.

    They are made `whole`, ready for a formula.
    """
    return apart(whole(table))


def apart(table: Tensor) -> tuple[Tensor, Tensor]:
    """The same of a table as it is."""
    k, groups, g, _, *heads = table.shape
    flat = table.flatten(2, 3)
    # without its first entry, a square's row-major list has the diagonal at the end of every g + 1 entries
    beside = flat[:, :, 1:].reshape(k, groups, g - 1, g + 1, *heads)[:, :, :, :-1]
    return flat[:, :, :: g + 1].flatten(1, 2), beside.reshape(k, groups * g, g - 1, *heads)


def together(joint: Tensor, marginal: Tensor) -> Tensor:
    """The table that joint and marginal scores are `apart` of."""
    k, n, m, *heads = marginal.shape
    groups, g = n // (m + 1), m + 1
    flat = joint.new_empty(k, groups, g * g, *heads)
    flat[:, :, :: g + 1] = joint.reshape(k, groups, g, *heads)
    flat[:, :, 1:].view(k, groups, m, g + 1, *heads)[:, :, :, :-1] = marginal.reshape(k, groups, m, g, *heads)
    return flat.view(k, groups, g, g, *heads)


def effective_negatives(marginal: Tensor) -> Tensor:
    """(Σ e^T)² / Σ e^2T of each critic's marginal scores `(K, n, m)`: how many of them carry log E[exp T]."""
    flat = marginal.to(score_dtype(marginal.device)).flatten(1)
    return (2 * flat.logsumexp(1) - (2 * flat).logsumexp(1)).exp()


def says_the_same(table: Tensor) -> list[bool]:
    """Whether each critic gives all pairs of its table `(K, groups, g, g, ...)` one score, but for rounding."""
    flat = table.flatten(1, 3).flatten(2) if table.dim() > 4 else table.flatten(1).unsqueeze(2)
    low, high = flat.amin(1), flat.amax(1)
    found: list[bool] = (high - low <= 1e-6 * torch.maximum(low.abs(), high.abs()).clamp(min=1)).all(1).tolist()
    return found

"""Scores of joint and marginal pairs, and the mapping of one critic's formula over many critics.

A critic's numbers must not depend on which others it is computed with. What would make them depend is that vector
arithmetic treats the last elements of an array apart from the rest; so a formula is mapped in float64, over a number of
critics padded to whole vectors.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from mibench.neural.critics import Critic

VECTOR = 16
"""Critics are padded to a multiple of this before a formula is mapped over them."""


def tables(critic: Critic, weights: Sequence[Tensor], x: Tensor, y: Tensor, group: int) -> Tensor:
    """Scores `(K, groups, g, g, ...)` of a batch, in groups of g rows; rows beyond the last whole group are left."""
    groups = x.shape[1] // group
    rows = groups * group
    of_x, of_y = critic.read_x(weights, x[:, :rows]), critic.read_y(weights, y[:, :rows])
    return critic.score(weights, *(z.reshape(len(z), groups, group, z.shape[2]) for z in (of_x, of_y)))


def joint_and_marginal(table: Tensor) -> tuple[Tensor, Tensor]:
    """Joint `(K, n, ...)` and marginal `(K, n, g - 1, ...)` scores: the diagonal of each group, and all beside it."""
    k, groups, g, _, *heads = table.shape
    flat = table.flatten(2, 3)
    # without its first entry, a square's row-major list has the diagonal at the end of every g + 1 entries
    beside = flat[:, :, 1:].reshape(k, groups, g - 1, g + 1, *heads)[:, :, :, :-1]
    return flat[:, :, :: g + 1].flatten(1, 2), beside.reshape(k, groups * g, g - 1, *heads)


def score_dtype(device: torch.device) -> torch.dtype:
    """What formulas are computed in: float64, which only mps lacks."""
    return torch.float32 if device.type == "mps" else torch.float64


def over_critics(
    formula: Callable[..., Tensor | tuple[Tensor, ...]], joint: Tensor, marginal: Tensor, *state: Tensor
) -> list[Tensor]:
    """What `formula(joint, marginal, *state)` of one critic returns, for each of K: a list of `(K,)`."""
    k, dtype = len(joint), score_dtype(joint.device)
    whole = [functional.pad(z.to(dtype), (0, 0) * (z.dim() - 1) + (0, -k % VECTOR)) for z in (joint, marginal, *state)]
    mapped = torch.vmap(formula)(*whole)
    return [z[:k] for z in (mapped if isinstance(mapped, tuple) else (mapped,))]


def effective_negatives(marginal: Tensor) -> Tensor:
    """(Σ e^T)² / Σ e^2T of each critic's marginal scores `(K, n, m)`: how many of them carry log E[exp T]."""
    flat = marginal.to(score_dtype(marginal.device)).flatten(1)
    return (2 * flat.logsumexp(1) - (2 * flat).logsumexp(1)).exp()

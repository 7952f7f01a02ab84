"""Training K critics at once, each on the path it would follow alone.

A critic's numbers do not depend on the others: it has its own random stream, its own data, its own early stop, its own
row of one parameter matrix. What is left is that vector arithmetic treats the last elements of an array apart from the
rest. So scores are handed to the bound in float64 with K padded to whole vectors, and a critic never trains alone: it
gets a twin, because the product of one pair of matrices takes another path than that of several.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mibench.interface import Array
from mibench.neural import NeuralEstimator
from mibench.neural.critics import Critic

VECTOR = 16
"""Rows of scores are padded to a multiple of this before the bound is mapped over them."""

VALIDATION_ROWS = 2048
"""At most so many pairs are scored at a validation: the learning curve stays cheap on large samples."""

Pairs = tuple[Array, Array]
T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What one critic trains on: blocks of batches of `size`, and the parts it is validated and tested on.

    `distinct` is how many different pairs the blocks hold; None if they are always new.
    """

    rng: np.random.Generator
    blocks: Iterator[Pairs]
    size: int
    distinct: int | None
    valid: Pairs
    test: Pairs


@dataclass
class Run:
    """What training left of one critic."""

    best: Tensor | None = None
    best_criterion: float = -inf
    steps: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)
    stale: int = 0
    ended: str = ""


def map_bound(
    function: Callable[..., Tensor | tuple[Tensor, ...]], joint: Tensor, marginal: Tensor, *state: Tensor
) -> list[Tensor]:
    """What `function(joint, marginal, *state)` of one critic returns, for each of K: a list of `(K,)`."""
    k = len(joint)
    double = torch.float32 if joint.device.type == "mps" else torch.float64
    whole = [functional.pad(z.to(double), (0, 0) * (z.dim() - 1) + (0, -k % VECTOR)) for z in (joint, marginal, *state)]
    mapped = torch.vmap(function)(*whole)
    return [z[:k] for z in (mapped if isinstance(mapped, tuple) else (mapped,))]


def windows(y: Tensor, negatives: int) -> Tensor:
    """`(K, 1 + negatives, n, d)`: y beside its own row, then y rolled by 1, 2, ... rows, where no row meets itself."""
    n = y.shape[1]
    longer = torch.cat([y, y[:, :negatives]], 1)
    return torch.stack([longer[:, m : m + n] for m in range(1 + negatives)], 1)


def scores(critic: Critic, theta: Tensor, x: Tensor, y: Tensor, negatives: int) -> tuple[Tensor, Tensor]:
    """Joint `(K, n)` and marginal `(K, n, negatives)` scores of a batch."""
    weights = critic.unpack(theta)
    table = critic.score(weights, critic.read_x(weights, x).unsqueeze(1), windows(critic.read_y(weights, y), negatives))
    return table[:, 0], table[:, 1:].transpose(1, 2)


class Adam:
    """Kingma & Ba (2015), on one matrix."""

    def __init__(self, theta: Tensor, rate: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8):
        self.rate, self.betas, self.eps, self.steps = rate, betas, eps, 0
        self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)

    def step(self, theta: Tensor, gradient: Tensor) -> None:
        self.steps += 1
        b1, b2 = self.betas
        self.first.lerp_(gradient, 1 - b1)
        self.second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        scale = (self.second / (1 - b2**self.steps)).sqrt_().add_(self.eps)
        theta.addcdiv_(self.first, scale, value=-self.rate / (1 - b1**self.steps))

    def keep(self, rows: Tensor) -> None:
        self.first, self.second = self.first[rows], self.second[rows]


def stacked(pairs: Sequence[Pairs], device: torch.device) -> tuple[Tensor, Tensor]:
    x, y = (np.stack([pair[side] for pair in pairs]).astype(np.float32) for side in (0, 1))
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)


def with_twin(rows: list[T]) -> list[T]:
    """A lone critic twice: the product of a single pair of matrices takes another path than that of several."""
    return rows * 2 if len(rows) == 1 else rows


def batches(jobs: Sequence[Job], alive: list[int], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of the critics still alive; `alive` may shrink between two of them."""
    size = jobs[0].size
    while True:
        drawn = list(alive)
        x, y = stacked(with_twin([next(jobs[k].blocks) for k in drawn]), device)
        for start in range(0, x.shape[1] - size + 1, size):
            if drawn != alive:
                rows = with_twin([drawn.index(k) for k in alive])
                x, y, drawn = x[rows], y[rows], list(alive)
            yield x[:, start : start + size], y[:, start : start + size]


def train(settings: NeuralEstimator, critic: Critic, jobs: Sequence[Job], device: torch.device) -> list[Run]:
    """Train one critic a job, together; finished ones leave."""
    runs = [Run() for _ in jobs]
    alive = list(range(len(jobs)))
    theta = torch.stack(with_twin([critic.draw(job.rng) for job in jobs])).to(device)
    mean = theta.clone()
    adam = Adam(theta, settings.learning_rate)
    valid = stacked(
        with_twin([(job.valid[0][:VALIDATION_ROWS], job.valid[1][:VALIDATION_ROWS]) for job in jobs]), device
    )
    score_dtype = torch.float32 if device.type == "mps" else torch.float64
    state = [torch.full((len(theta),), value, dtype=score_dtype, device=device) for value in settings.state]
    negatives = min(settings.negatives, jobs[0].size - 1)
    source = batches(jobs, alive, device)

    for step in range(1, settings.steps + 1):
        x, y = next(source)
        theta.requires_grad_()
        joint, marginal = scores(critic, theta, x, y, negatives)
        loss, *state = map_bound(settings.objective, joint, marginal, *state)
        (gradient,) = torch.autograd.grad(loss.sum(), theta)
        theta = theta.detach()
        state = [s.detach() for s in state]
        adam.step(theta, gradient)
        # the average of a short past is over that past: no pull towards the start
        mean.lerp_(theta, max(1 - settings.averaging, 1 / step))

        if step % settings.validate_every and step < settings.steps:
            continue
        kept = validate(settings, critic, [runs[k] for k in alive], theta, mean, valid, step)
        if len(kept) < len(alive):
            if not kept:
                break
            alive[:] = [alive[k] for k in kept]
            rows = torch.tensor(with_twin(kept), device=device)
            theta, mean, state = theta[rows], mean[rows], [s[rows] for s in state]
            valid = valid[0][rows], valid[1][rows]
            adam.keep(rows)
    return runs


@torch.no_grad()
def validate(
    settings: NeuralEstimator,
    critic: Critic,
    runs: Sequence[Run],
    theta: Tensor,
    mean: Tensor,
    valid: tuple[Tensor, Tensor],
    step: int,
) -> list[int]:
    """Score the averaged weights on the validation part; returns which critics go on."""
    negatives = min(settings.negatives, valid[0].shape[1] - 1)
    joint, marginal = scores(critic, mean, *valid, negatives)
    (values,) = map_bound(settings.bound, joint, marginal)
    # only of a lower bound is more better
    criteria = (
        values
        if settings.direction == "lower" or settings.state
        else -map_bound(settings.objective, joint, marginal)[0]
    )
    # a number that is not finite stays in the weights for good, so it is enough to look here
    finite = (torch.isfinite(theta).all(1) & torch.isfinite(mean).all(1)).tolist()
    kept = []
    for k, run in enumerate(runs):
        value, criterion = float(values[k]), float(criteria[k])
        run.steps = step
        if not finite[k] or not np.isfinite(value):
            run.ended = "diverged"
            continue
        run.curve.append((step, value))
        run.stale += 1
        if criterion > run.best_criterion:
            run.best, run.best_criterion, run.stale = mean[k].clone(), criterion, 0
        if run.stale >= settings.patience:
            run.ended = "converged"
        elif step == settings.steps:
            run.ended = "step-cap"
        else:
            kept.append(k)
    return kept

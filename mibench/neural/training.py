"""Training K critics at once, each on the path it would follow alone (see `mibench.neural.company`).

Each critic has its own random stream, data, early stop and row of one parameter matrix.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf

import numpy as np
import torch
from torch import Tensor

from mibench.neural.bound import Bound
from mibench.neural.company import over_critics, whole, with_twin
from mibench.neural.compiled.perceptron import array, kernels, path
from mibench.neural.critics import Critic
from mibench.neural.scaling import Single
from mibench.neural.scores import joint_and_marginal, tables, tables_in_parts

VALIDATION_ROWS = 2048
"""At most so many rows are scored at a validation: the learning curve stays cheap on large samples."""

HALVED_AFTER = 3
"""Validations without a better one that halve a critic's learning rate, and so many more that halve it again."""

Pairs = tuple[Single, Single]


@dataclass(frozen=True)
class Material:
    """What one critic trains on: blocks of batches of `size` rows, and the parts it is validated and tested on.

    `distinct` is how many different pairs the blocks hold; None if they are always new. `repeated` says that copies of
    rows were found and kept in one part.
    """

    rng: np.random.Generator
    blocks: Iterator[Pairs]
    size: int
    distinct: int | None
    valid: Pairs
    test: Pairs
    repeated: bool


@dataclass
class Fitted:
    """What training left of one critic: its best parameters, and how it got there."""

    best: Tensor | None = None
    best_criterion: float = -inf
    steps: int = 0
    stale: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)
    ended: str = ""
    batches: list[float] = field(default_factory=list)
    """Values on the last training batches, as many as `window` asks for."""


def stacked(pairs: Sequence[Pairs], device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of several critics, `(K, n, dim)`."""
    x, y = (torch.from_numpy(np.stack([pair[side] for pair in pairs])).to(device) for side in (0, 1))
    return x, y


class Feed:
    """Batches for the critics still in training, cut from blocks that each of them draws of its own."""

    def __init__(self, materials: Sequence[Material], device: torch.device):
        self.materials, self.device, self.start = list(materials), device, 0
        self.block = self.draw()

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next block of each critic."""
        return stacked(with_twin([next(material.blocks) for material in self.materials]), self.device)

    def next(self) -> tuple[Tensor, Tensor]:
        """One batch a critic, x and y."""
        if self.start >= self.block[0].shape[1]:
            self.block, self.start = self.draw(), 0
        rows = slice(self.start, self.start + self.materials[0].size)
        self.start = rows.stop
        return self.block[0][:, rows], self.block[1][:, rows]

    def keep(self, kept: list[int]) -> None:
        """Go on with those critics alone."""
        self.materials = [self.materials[k] for k in kept]
        x, y = self.block
        self.block = x[with_twin(kept)], y[with_twin(kept)]


class Stack:
    """The parameters of the critics still in training, their average over the steps, and what their Adam steps need."""

    def __init__(self, critic: Critic, theta: Tensor, settings: Bound):
        self.critic, self.steps = critic, 0
        self.rate = torch.full_like(theta[:, :1], settings.learning_rate)
        self.theta, self.mean = theta, theta.clone()
        self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)
        self.state = [whole(torch.full_like(theta[:, 0], s)) for s in settings.state]
        self.open()

    def open(self) -> None:
        """Views of the parameters, as leaves, and of a place for their gradients."""
        self.gradient = torch.zeros_like(self.theta)
        self.weights = [w.detach().requires_grad_() for w in self.critic.unpack(self.theta)]
        self.gradients = self.critic.unpack(self.gradient)

    def keep(self, kept: list[int]) -> None:
        """Go on with those critics alone."""
        rows = with_twin(kept)
        self.theta, self.mean, self.first, self.second, self.rate = (
            z[rows] for z in (self.theta, self.mean, self.first, self.second, self.rate)
        )
        self.state = [whole(s[rows]) for s in self.state]
        self.open()

    def step(self, loss: Tensor, settings: Bound) -> None:
        """One step of Adam (Kingma & Ba 2015) down the loss of each critic."""
        for place, gradient in zip(self.gradients, torch.autograd.grad(loss.sum(), self.weights), strict=True):
            place.copy_(gradient)
        self.steps += 1
        of_first, of_second = 1 / (1 - 0.9**self.steps), 1 / (1 - 0.999**self.steps)
        # while there are few steps the average is over them all, with no pull towards the start
        share = max(1 - settings.averaging, 1 / self.steps)
        if path(self.theta.device) == "numba":
            rows = self.theta, self.mean, self.first, self.second, self.gradient, self.rate
            kernels().adam(*map(array, rows), *map(np.float32, (of_first, of_second, share)))
            return
        self.first.lerp_(self.gradient, 0.1)
        self.second.mul_(0.999).addcmul_(self.gradient, self.gradient, value=0.001)
        scale = (self.second * of_second).sqrt_().add_(1e-8)
        self.theta.addcdiv_(self.first * self.rate, scale, value=-of_first)
        self.mean.lerp_(self.theta, share)


def train(
    settings: Bound, critic: Critic, materials: Sequence[Material], device: torch.device
) -> Iterator[dict[int, Fitted]]:
    """Train one critic on each material, together; those that finish leave, and are given by the place of theirs."""
    keep_freed_memory()
    alive = [(place, Fitted()) for place in range(len(materials))]
    stack = Stack(critic, torch.stack(with_twin([critic.draw(m.rng) for m in materials])).to(device), settings)
    valid = stacked(
        with_twin([(m.valid[0][:VALIDATION_ROWS], m.valid[1][:VALIDATION_ROWS]) for m in materials]), device
    )
    feed = Feed(materials, device)
    group = min(settings.negatives + 1, materials[0].size)

    for step in range(1, settings.steps + 1):
        x, y = feed.next()
        joint, marginal = joint_and_marginal(tables(critic, stack.weights, x, y, group))
        if step > settings.steps - settings.window:
            (values,) = over_critics(settings.bound, joint.detach(), marginal.detach())
            for (_, fit), value in zip(alive, values.tolist(), strict=False):
                fit.batches.append(value)
        loss, *state = over_critics(settings.objective, joint, marginal, *stack.state)
        stack.state = [s.detach() for s in state]
        stack.step(loss, settings)

        if step % settings.validate_every == 0 or step == settings.steps:
            kept = validate(settings, stack, [fit for _, fit in alive], valid)
            if len(kept) < len(alive):
                yield dict(one for k, one in enumerate(alive) if k not in kept)
                if not kept:
                    return
                alive = [alive[k] for k in kept]
                stack.keep(kept)
                feed.keep(kept)
                valid = valid[0][with_twin(kept)], valid[1][with_twin(kept)]


@torch.no_grad()
def validate(settings: Bound, stack: Stack, fits: Sequence[Fitted], valid: tuple[Tensor, Tensor]) -> list[int]:
    """Score the averaged weights on the validation part; returns which critics go on."""
    group = min(settings.negatives + 1, valid[0].shape[1])
    joint, marginal = joint_and_marginal(tables_in_parts(stack.critic, stack.critic.unpack(stack.mean), *valid, group))
    (values,) = over_critics(settings.bound, joint, marginal)
    criteria = values
    if settings.window:
        criteria = torch.full_like(values, stack.steps)  # the last weights are kept, whatever they are worth
    elif settings.selects == "objective":
        criteria = -over_critics(settings.objective, joint, marginal, *stack.state)[0]
    # a number that is not finite stays in the weights for good, so it is enough to look here
    finite = (torch.isfinite(stack.theta) & torch.isfinite(stack.mean)).all(1).tolist()
    kept = []
    for k, (fit, value, criterion) in enumerate(zip(fits, values.tolist(), criteria.tolist(), strict=False)):
        fit.steps = stack.steps
        if not finite[k] or not np.isfinite(value):
            fit.ended = "diverged"
            continue
        fit.curve.append((stack.steps, value))
        fit.stale += 1
        if criterion > fit.best_criterion:
            fit.best, fit.best_criterion, fit.stale = stack.mean[k].clone(), criterion, 0
        if fit.stale and fit.stale % HALVED_AFTER == 0:
            stack.rate[k] /= 2
        if fit.stale >= settings.patience:
            fit.ended = "converged"
        elif stack.steps == settings.steps:
            fit.ended = "last-step" if settings.window else "step-cap"
        else:
            kept.append(k)
    return kept


@cache
def keep_freed_memory() -> None:
    """Tell glibc to keep the memory of freed tensors: given back and faulted in at every operation it costs a fifth."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(mmap_threshold, 1 << 30)
        mallopt(trim_threshold, (1 << 31) - 1)

"""Training K critics at once, each on the path it would follow alone (see `mibench.neural.company`).

Each critic has its own random stream, data, early stop and row of one parameter matrix.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mibench.neural.bound import Bound
from mibench.neural.company import over_critics, whole
from mibench.neural.compiled.perceptron import array, kernels, path
from mibench.neural.critics import Critic
from mibench.neural.feed import Feed, Material, stacked
from mibench.neural.graphs import Graphed, Step
from mibench.neural.recorded import Formula, Recorded
from mibench.neural.scores import joint_and_marginal, tables, tables_in_parts, together

VALIDATION_ROWS = 2048
"""At most so many rows are scored at a validation: the learning curve stays cheap on large samples."""

HALVED_AFTER = 3
"""Validations without a better one that halve a critic's learning rate, and so many more that halve it again."""


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


class Stack:
    """The parameters of the critics still in training, their average over the steps, and what their Adam steps need."""

    def __init__(self, critic: Critic, theta: Tensor, settings: Bound):
        self.critic, self.settings, self.steps = critic, settings, 0
        self.rate = torch.full_like(theta[:, :1], settings.learning_rate)
        self.theta, self.mean = theta, theta.clone()
        self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)
        self.state = [whole(torch.full_like(theta[:, 0], s)) for s in settings.state]
        self.shares = torch.from_numpy(shares(settings)).to(theta.device)
        self.open()

    def open(self) -> None:
        """Views of the parameters, as leaves, and of a place for their gradients; and the step over them."""
        self.gradient = torch.zeros_like(self.theta)
        self.weights = [w.detach().requires_grad_() for w in self.critic.unpack(self.theta)]
        self.gradients = self.critic.unpack(self.gradient)
        self.share = self.shares[0].clone()
        self.take: Step = self.step
        self.formula: Formula = self.loss
        if self.theta.is_cuda:
            self.take = Graphed(self.step)
        else:
            self.formula = Recorded(self.loss)

    def keep(self, kept: list[int]) -> None:
        """Go on with those critics alone."""
        self.theta, self.mean, self.first, self.second, self.rate = (
            z[kept] for z in (self.theta, self.mean, self.first, self.second, self.rate)
        )
        self.state = [whole(s[kept]) for s in self.state]
        self.open()

    def train(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """One step on a batch a critic; the scores of joint and marginal pairs before it."""
        self.share.copy_(self.shares[self.steps])
        self.steps += 1
        return self.take(x, y)

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """`train` but for what changes from step to step."""
        table = tables(self.critic, self.weights, x, y, min(self.settings.negatives + 1, x.shape[1]))
        slope, joint, marginal, *state = self.formula(table.detach(), *self.state)
        for kept, new in zip(self.state, state, strict=True):
            kept.copy_(new)
        self.descend(torch.autograd.grad(table, self.weights, slope))
        return joint, marginal

    def loss(self, table: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """The slope of each critic's loss in its table, the scores of joint and marginal pairs, and the state anew."""
        joint, marginal = (scores.requires_grad_() for scores in joint_and_marginal(table))
        loss, *new = over_critics(self.settings.objective, joint, marginal, *state)
        slopes = torch.autograd.grad(loss, (joint, marginal), torch.ones_like(loss), materialize_grads=True)
        slope = together(*slopes)[: len(table)].to(table.dtype)
        return slope, joint.detach(), marginal.detach(), *(s.detach() for s in new)

    def descend(self, gradients: Sequence[Tensor]) -> None:
        """One step of Adam (Kingma & Ba 2015) down these gradients of the weights."""
        for place, gradient in zip(self.gradients, gradients, strict=True):
            place.copy_(gradient)
        if path(self.theta.device) == "numba":
            rows = self.theta, self.mean, self.first, self.second, self.gradient, self.rate
            kernels().adam(*map(array, rows), *self.share.numpy())
            return
        of_first, of_second, share = self.share.unbind()
        self.first.lerp_(self.gradient, 0.1)
        self.second.mul_(0.999).addcmul_(self.gradient, self.gradient, value=0.001)
        scale = (self.second * of_second).sqrt_().add_(1e-8)
        self.theta.sub_(self.first * self.rate * of_first / scale)
        self.mean.lerp_(self.theta, share)


def shares(settings: Bound) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Of each step what Adam's two averages are multiplied by, and the weight of its parameters in their average.

    While there are few steps the average is over them all, with no pull towards the start.
    """
    step = np.arange(1, settings.steps + 1)
    average = np.maximum(1 - settings.averaging, 1 / step)
    return np.column_stack([1 / (1 - 0.9**step), 1 / (1 - 0.999**step), average]).astype(np.float32)


def train(
    settings: Bound, critic: Critic, materials: Sequence[Material], device: torch.device
) -> Iterator[dict[int, Fitted]]:
    """Train one critic on each material, together; those that finish leave, and are given by the place of theirs."""
    keep_freed_memory()
    alive = [(place, Fitted()) for place in range(len(materials))]
    stack = Stack(critic, torch.stack([critic.draw(m.rng) for m in materials]).to(device), settings)
    valid = stacked([(m.valid[0][:VALIDATION_ROWS], m.valid[1][:VALIDATION_ROWS]) for m in materials], device)
    feed = Feed(materials, device)

    for step in range(1, settings.steps + 1):
        scores = stack.train(*feed.next())
        if step > settings.steps - settings.window:
            (values,) = over_critics(settings.bound, *scores)
            for (_, fit), value in zip(alive, values.tolist(), strict=False):
                fit.batches.append(value)

        if step % settings.validate_every == 0 or step == settings.steps:
            kept = validate(settings, stack, [fit for _, fit in alive], valid)
            if len(kept) < len(alive):
                yield dict(one for k, one in enumerate(alive) if k not in kept)
                if not kept:
                    return
                alive = [alive[k] for k in kept]
                stack.keep(kept)
                feed.keep(kept)
                valid = valid[0][kept], valid[1][kept]


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

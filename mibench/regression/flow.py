"""Mutual information from the flow that carries one side, as it lies, to how it lies given the other.

Flow matching: Lipman et al. 2023, arXiv 2210.02747. Butakov et al. 2025, arXiv 2511.08552, use it for mutual
information.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from mibench.interface import Array, Estimate
from mibench.neural.company import one_thread
from mibench.regression.priors import Prior, in_coordinates, told
from mibench.regression.settings import Noised
from mibench.regression.training import Judged, Pair, Weights, fit, prepared, standard_error, stratified

Field = Callable[[Tensor, Tensor, Tensor], Tensor]
"""`field(at, time, y)`: the velocity of `at` `(n, dim)` at `time` `(n,)`, given y."""

VALIDATION_TIMES, TEST_TIMES = 8, 32
"""Times a row."""

AT_ONCE = 2**14
"""Rows in work together outside of training."""


@dataclass(frozen=True)
class Velocity:
    """The velocity that carries a standard normal to a `Prior` along straight lines, as the network corrects it."""

    prior: Prior

    def linear(self, at: Tensor, time: Tensor, y: Tensor) -> Tensor:
        """The same with no network: exact for a normal x of which y tells the mean."""
        mean, left = self.prior.linear(y)
        return carried(at, time, mean, left)

    def pull(self, at: Tensor, time: Tensor, y: Tensor) -> Tensor:
        """Minus the slope of the log density of `at` at that time, given y: that of a normal, as `linear` has it."""
        t = time[:, None]
        mean, left = self.prior.linear(y)
        return (at - t * mean) / ((1 - t).square() + t.square() * left)

    def __call__(self, weights: Weights, at: Tensor, time: Tensor, y: Tensor) -> Tensor:
        """See `Field`."""
        t = time[:, None]
        mean, left = self.prior.linear(y)
        apart = (at - t * mean) / ((1 - t).square() + t.square() * left).sqrt()
        return carried(at, time, *self.prior.corrected(weights, at, apart, told(y), time, mean, left))


def nothing(at: Tensor, time: Tensor, y: Tensor) -> Tensor:
    """No velocity, and no pull: for coordinates that are not of variance 1."""
    return torch.zeros_like(at)


def carried(at: Tensor, time: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """E[x1 − x0 | (1 − t) x0 + t x1], x0 standard normal and x1 normal with this mean and variance."""
    t = time[:, None]
    spread = (1 - t).square() + t.square() * variance
    return mean + (t * variance - (1 - t)) / spread * (at - t * mean)


def exact_trace(at: Tensor, velocity: Tensor) -> Tensor:
    """The divergence at each row, coordinate by coordinate, of a field that was computed there."""
    each = [slope(velocity[:, i], at)[:, i] for i in range(at.shape[1])]
    return torch.stack(each).sum(0)


def probed_trace(at: Tensor, velocity: Tensor, stream: Generator) -> Tensor:
    """The same in expectation, from one random sign a coordinate (Hutchinson 1990)."""
    signs = torch.randint(2, at.shape, generator=stream, device=at.device).to(at.dtype) * 2 - 1
    return (signs * slope((signs * velocity).sum(1), at)).sum(1)


def slope(values: Tensor, at: Tensor) -> Tensor:
    """Of each row's value, the gradient at the row."""
    (found,) = torch.autograd.grad(values.sum(), at, retain_graph=True)
    return found


def divergence(
    learnt: Field, start: Field, pull: Field, x: Tensor, y: Tensor, times: int, exact: bool, stream: Generator
) -> tuple[Array, Array]:
    """Of each row, over stratified times: what is learnt adds to the divergence of the start, and the squared error.

    What it adds is div δ − pull · δ. Of the exact δ the mean of the second is 0, because nothing linear is left to
    learn; of what δ has learnt from noise it is the mean of the first, as far as the density is that of the pull. So
    of data that are nearly normal an error in δ does not count, where div δ alone has all of it.
    """
    added, errors = [], []
    rows = max(1, AT_ONCE // times)
    for first in range(0, len(x), rows):
        end, other = (z[first : first + rows].repeat_interleave(times, 0) for z in (x, y))
        n = len(end)
        begin = x[elsewhere(first, n, times, len(x), stream)]
        time = stratified(n, times, stream)
        with torch.enable_grad():
            at = ((1 - time[:, None]) * begin + time[:, None] * end).requires_grad_()
            delta = learnt(at, time, other)
            trace = exact_trace(at, delta) if exact else probed_trace(at, delta, stream)
        at, delta = at.detach(), delta.detach()
        paired = (pull(at, time, other) * delta).sum(1)
        wrong = (start(at, time, other) + delta - (end - begin)).square().sum(1)
        both = torch.stack([trace - paired, wrong]).view(2, -1, times).mean(2).cpu().double().numpy()
        added.append(both[0])
        errors.append(both[1])
    return np.concatenate(added), np.concatenate(errors)


def elsewhere(start: int, n: int, times: int, rows: int, stream: Generator) -> Tensor:
    """For each of n (row, time) pairs from row `start` on, a row that is another one."""
    own = start + torch.arange(n, device=stream.device) // times
    return (own + torch.randint(1, rows, (n,), generator=stream, device=stream.device)) % rows


def estimate(settings: Noised, exact_to: int, x: Array, y: Array, seed: int | None, device: str) -> Estimate:
    """The mutual information; traces are exact up to `exact_to` coordinates."""
    with one_thread():
        sample, where = in_coordinates(settings, prepared(settings, x, y, seed, device))
        stream, valid = sample.stream, sample.on(sample.valid)
        velocity = Velocity(Prior(settings, where, stream.device))
        pull = velocity.pull if settings.network == "perceptron" else nothing
        by_hand = -0.5 * float(np.log1p(-(where.slopes**2)).sum())

        def loss(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
            time = stratified(len(x), len(x), stream)
            begin = x.roll(1, 0)
            at = (1 - time[:, None]) * begin + time[:, None] * x
            return (velocity(weights, at, time, y) - (x - begin)).square().mean()

        def read(weights: Weights, part: tuple[Tensor, Tensor], times: int, exact: bool, stream: Generator) -> Pair:
            def learnt(at: Tensor, time: Tensor, y: Tensor) -> Tensor:
                return velocity(weights, at, time, y) - velocity.linear(at, time, y)

            with torch.no_grad():
                return divergence(learnt, velocity.linear, pull, *part, times, exact, stream)

        def judge(weights: Weights) -> Judged:
            added, error = read(weights, valid, VALIDATION_TIMES, False, sample.same_again())
            return Judged(float(error.mean()), by_hand - float(added.mean()))

        fitted = fit(settings, velocity.prior.draw(stream), loss, judge, sample)
        added, _ = read(fitted.weights, sample.on(sample.test), TEST_TIMES, x.shape[1] <= exact_to, stream)
    of_slopes = np.sqrt((where.slopes**2).sum() / len(sample.train[0]))  # of −½ log(1 − ρ²), normal data
    return fitted.estimate(by_hand - float(added.mean()), std=float(np.hypot(of_slopes, standard_error(added))))

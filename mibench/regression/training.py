"""Fitting one network by least squares: its parts of the sample, its steps, and which of its weights are kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, isfinite, prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from mibench.interface import Array, Diverged, Estimate
from mibench.neural.critics import one_of
from mibench.neural.scaling import SCALINGS, held_by_float32
from mibench.neural.split import parts
from mibench.neural.training import HALVED_AFTER, keep_freed_memory
from mibench.regression.settings import Regression

Pair = tuple[Array, Array]
Weights = Sequence[Tensor]


@dataclass(frozen=True)
class Sample:
    """The scaled parts of a sample, and the stream that all else is drawn from."""

    train: Pair
    valid: Pair
    test: Pair
    stream: Generator
    seed: int
    """Of the noise that is the same at every validation."""
    distinct: int
    repeated: bool

    def mapped(self, on_x: Callable[[Array], Array], on_y: Callable[[Array], Array]) -> "Sample":
        """The same sample with each side mapped."""
        train, valid, test = ((on_x(x), on_y(y)) for x, y in (self.train, self.valid, self.test))
        return replace(self, train=train, valid=valid, test=test)

    def same_again(self) -> Generator:
        """A stream that begins anew each time."""
        return Generator(self.stream.device).manual_seed(self.seed)

    def on(self, pair: Pair) -> tuple[Tensor, Tensor]:
        """A part as the network gets it: float32, on its device."""
        x, y = (torch.from_numpy(z.astype(np.float32)).to(self.stream.device) for z in pair)
        return x, y


def prepared(settings: Regression, x: Array, y: Array, seed: int | None, device: str) -> Sample:
    """Rows shared out, and each coordinate scaled as it lies in the training part."""
    keep_freed_memory()
    shuffle, drawn = np.random.SeedSequence(seed).spawn(2)
    (rows,) = parts(settings, x, y, np.random.default_rng(shuffle))
    fit_scale = one_of(SCALINGS, settings.scaling, "scaling")
    scale_x, scale_y = fit_scale(x[rows.train]), fit_scale(y[rows.train])
    train, valid, test = (
        (
            held_by_float32(scale_x(x[part]), settings.scaling).astype(np.float64),
            held_by_float32(scale_y(y[part]), settings.scaling).astype(np.float64),
        )
        for part in (rows.train, rows.valid, rows.test)
    )
    first, second = (drawn.generate_state(2, np.uint64) >> np.uint64(1)).tolist()
    stream = Generator(device).manual_seed(first)
    return Sample(train, valid, test, stream, second, rows.distinct, rows.repeated)


@dataclass(frozen=True)
class Judged:
    """What a validation says: the squared error, which is to be least, and the mutual information in nats, if known."""

    error: float
    value: float | None = None


@dataclass(frozen=True)
class Fitted:
    """The weights that were best on the validation part, and how training came to them."""

    weights: Weights
    steps: int
    curve: tuple[tuple[int, float], ...]
    flags: tuple[str, ...]
    samples_seen: int

    def estimate(self, value: float, std: float | None = None, flags: tuple[str, ...] = ()) -> Estimate:
        """The value in nats, and what training knows of it; no error is known where nothing was found."""
        return Estimate(
            value=value,
            std=std or None,
            steps=self.steps,
            samples_seen=self.samples_seen,
            curve=self.curve,
            flags=(*flags, *self.flags),
            path="torch",
        )


class Descent:
    """Weights under Adam (Kingma & Ba 2015) and their average over the steps, each one vector."""

    def __init__(self, start: Weights, settings: Regression):
        self.shapes = [w.shape for w in start]
        self.theta = torch.cat([w.flatten() for w in start])
        self.mean = self.theta.clone()
        self.first, self.second = torch.zeros_like(self.theta), torch.zeros_like(self.theta)
        self.gradient = torch.zeros_like(self.theta)
        self.weights = [w.detach().requires_grad_() for w in self.unpack(self.theta)]
        self.places = self.unpack(self.gradient)
        self.steps, self.rate, self.averaging = 0, settings.learning_rate, settings.averaging

    def unpack(self, theta: Tensor) -> list[Tensor]:
        """Views of the weights in one vector."""
        ends = np.cumsum([0, *(prod(shape) for shape in self.shapes)]).tolist()
        return [theta[i:j].view(shape) for (i, j), shape in zip(pairwise(ends), self.shapes, strict=True)]

    def step(self, loss: Tensor) -> None:
        """One step down the loss."""
        for place, gradient in zip(self.places, torch.autograd.grad(loss, self.weights), strict=True):
            place.copy_(gradient)
        self.steps += 1
        self.first.lerp_(self.gradient, 0.1)
        self.second.mul_(0.999).addcmul_(self.gradient, self.gradient, value=0.001)
        scale = (self.second / (1 - 0.999**self.steps)).sqrt_().add_(1e-8)
        self.theta.addcdiv_(self.first, scale, value=-self.rate / (1 - 0.9**self.steps))
        # while there are few steps the average is over the last tenth of them, with no pull towards the start
        self.mean.lerp_(self.theta, max(1 - self.averaging, 10 / (9 + self.steps)))


def batches(x: Tensor, y: Tensor, size: int, stream: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches from one shuffle of the rows after another."""
    size = min(size, len(x))
    while True:
        order = torch.randperm(len(x), generator=stream, device=x.device)
        for start in range(0, len(x) - size + 1, size):
            rows = order[start : start + size]
            yield x[rows], y[rows]


def fit(
    settings: Regression,
    start: Weights,
    loss: Callable[[Weights, Tensor, Tensor], Tensor],
    judge: Callable[[Weights], Judged],
    sample: Sample,
) -> Fitted:
    """Descend from the start, which is what is kept if validation finds nothing better.

    Raises `Diverged` where a weight or an error stops being finite.
    """
    descent = Descent(start, settings)
    x, y = sample.on(sample.train)
    feed = batches(x, y, settings.batch_size, sample.stream)
    best, least, stale = descent.mean.clone(), inf, 0
    curve: list[tuple[int, float]] = []
    while True:
        with torch.no_grad():
            judged = judge(descent.unpack(descent.mean))
        value = judged.value
        if not (isfinite(judged.error) and isfinite(value or 0) and bool(torch.isfinite(descent.theta).all())):
            raise Diverged(
                f"the network's weights or its error stopped being finite by step {descent.steps}",
                last=Estimate(curve[-1][1], steps=descent.steps, curve=tuple(curve)) if curve else None,
            )
        if value is not None:
            curve.append((descent.steps, value))
        stale += 1
        if judged.error < least:
            best, least, stale = descent.mean.clone(), judged.error, 0
        if stale and stale % HALVED_AFTER == 0:
            descent.rate /= 2
        if stale >= settings.patience or descent.steps >= settings.steps:
            break
        for _ in range(min(settings.validate_every, settings.steps - descent.steps)):
            descent.step(loss(descent.weights, *next(feed)))
    flags = [
        name for name, told in (("step-cap", stale < settings.patience), ("repeated-rows", sample.repeated)) if told
    ]
    return Fitted(
        weights=descent.unpack(best),
        steps=descent.steps,
        curve=tuple(curve),
        flags=tuple(flags),
        samples_seen=min(descent.steps * min(settings.batch_size, len(x)), sample.distinct),
    )


def stratified(n: int, parts: int, stream: Generator) -> Tensor:
    """Shares between 0 and 1 `(n,)`: of every `parts` that follow each other one in each part of the interval."""
    strata = torch.arange(parts, device=stream.device).repeat(n // parts)
    return (strata + torch.rand(n, generator=stream, device=stream.device)) / parts


def standard_error(rows: npt.NDArray[np.float64]) -> float:
    """Of the mean of independent rows."""
    return float(rows.std() / np.sqrt(max(len(rows) - 1, 1)))

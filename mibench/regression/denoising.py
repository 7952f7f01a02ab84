"""Mutual information from how much better noise is told from data by one who knows the other side.

Guo, Shamai & Verdú 2005, "Mutual information and minimum mean-square error in Gaussian channels".
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
from mibench.regression.training import Judged, Weights, fit, prepared, standard_error, stratified

Guess = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""`guess(noisy, level, y)`: the noise in `noisy` as guessed without y and with it, each `(n, dim)`."""

CUT = 4
"""Levels lie within so many `spread` of `centre`."""

VALIDATION_LEVELS, TEST_LEVELS = 8, 32
"""Levels a row; each is used twice, with noise of either sign."""

APART = 0.1
"""Nats, and the share of the value, above which half the difference of the two gaps makes it unreliable."""

AT_ONCE = 2**14
"""Noisy rows guessed together outside of training."""


@dataclass(frozen=True)
class Levels:
    """Where noise is looked at: the log of the signal-to-noise ratio, logistic about `centre`, cut at ±4 `spread`."""

    centre: float
    spread: float

    def __post_init__(self) -> None:
        if not 0 < self.spread < np.inf:
            raise ValueError(f"spread={self.spread} must be a number above 0")
        if not np.isfinite(self.centre):
            raise ValueError(f"centre={self.centre} must be a number")

    def at(self, share: Tensor) -> tuple[Tensor, Tensor]:
        """The levels below which this share of all lie, and one over their density there."""
        least = 1 / (1 + np.exp(CUT))
        p = least + (1 - 2 * least) * share
        return self.centre + self.spread * torch.logit(p), (1 - 2 * least) * self.spread / (p * (1 - p))

    def share(self, level: Tensor) -> Tensor:
        """About the share of levels that lie below this one."""
        return torch.sigmoid((level - self.centre) / self.spread)


def amplitudes(level: Tensor) -> tuple[Tensor, Tensor]:
    """Of signal and noise, with squares that add to 1, as columns."""
    return torch.sigmoid(level).sqrt()[:, None], torch.sigmoid(-level).sqrt()[:, None]


@dataclass(frozen=True)
class Denoiser:
    """Guesses by a `Prior`: noise given a normal x is a linear function of the noisy row, and of the prior's mean."""

    prior: Prior
    levels: Levels

    def __call__(self, weights: Weights, noisy: Tensor, level: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """See `Guess`. Both come from one network, which is told nothing of y, or all."""
        signal, noise = amplitudes(level)
        mean, left = self.prior.linear(y)
        apart = (noisy - signal * mean) / (signal.square() * left + noise.square()).sqrt()
        known, share = told(y), self.levels.share(level)
        untold = noisy, noisy, torch.zeros_like(known), share, torch.zeros_like(mean), torch.ones_like(left)
        both = zip(untold, (noisy, apart, known, share, mean, left), strict=True)
        mean, variance = self.prior.corrected(weights, *map(torch.cat, both))
        signal, noise, noisy = (torch.cat([z, z]) for z in (signal, noise, noisy))
        guess = noise / (signal.square() * variance + noise.square()) * (noisy - signal * mean)
        without, given = guess.chunk(2)
        return without, given


def gaps(guess: Guess, levels: Levels, x: Tensor, y: Tensor, each: int, stream: Generator) -> Array:
    """Score gap, gap of squared errors and sum of squared errors, `(3, n, each)`: of each row at stratified levels.

    Means over rows and levels are integrals over the level, in nats. A level has noise of either sign, so that what is
    odd in it cancels.
    """
    found = []
    rows = max(1, AT_ONCE // (2 * each))
    for start in range(0, len(x), rows):
        some, other = (z[start : start + rows].repeat_interleave(each, 0) for z in (x, y))
        level, weight = levels.at(stratified(len(some), each, stream))
        noise = torch.randn(some.shape, generator=stream, device=x.device)
        a, s = amplitudes(level)
        of_sign = []
        for e in (noise, -noise):
            without, given = guess(a * some + s * e, level, other)
            wrong_without, wrong_given = ((e - z).square().sum(1) for z in (without, given))
            apart = (given - without).square().sum(1)
            of_sign.append(torch.stack([apart, wrong_without - wrong_given, wrong_without + wrong_given]))
        integrand = (of_sign[0] + of_sign[1]) * weight / 4
        found.append(integrand.view(3, -1, each).cpu().double().numpy())
    return np.concatenate(found, 1)


def estimate(
    settings: Noised, levels: Levels, reads: str, x: Array, y: Array, seed: int | None, device: str
) -> Estimate:
    """The mutual information by the read-out `reads`; its error is half of what the two differ by.

    Where the validation part finds the guess that is told y no better than the other, that one stands for both.
    """
    with one_thread():
        sample, where = in_coordinates(settings, prepared(settings, x, y, seed, device))
        stream, valid = sample.stream, sample.on(sample.valid)
        denoiser = Denoiser(Prior(settings, where, stream.device), levels)

        def loss(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
            level, _ = levels.at(stratified(len(x), len(x), stream))
            noise = torch.randn(x.shape, generator=stream, device=x.device)
            a, s = amplitudes(level)
            without, given = denoiser(weights, a * x + s * noise, level, y)
            return (noise - without).square().mean() + (noise - given).square().mean()

        def seen(weights: Weights, each: int, part: tuple[Tensor, Tensor], stream: Generator) -> Array:
            with torch.no_grad():
                return gaps(lambda *z: denoiser(weights, *z), levels, *part, each, stream)

        def judge(weights: Weights) -> Judged:
            score, error, total = seen(weights, VALIDATION_LEVELS, valid, sample.same_again()).mean((1, 2))
            return Judged(float(total), float(score + error) / 2)

        fitted = fit(settings, denoiser.prior.draw(stream), loss, judge, sample)
        tells = seen(fitted.weights, TEST_LEVELS, valid, stream)[1].mean(0) > 0
        score, error, _ = (seen(fitted.weights, TEST_LEVELS, sample.on(sample.test), stream) * tells).mean(2)
    read = {"score-gap": score, "mse-gap": error, "mean": (score + error) / 2}[reads]
    value, apart = float(read.mean()), float(abs(score.mean() - error.mean())) / 2
    told = ("unreliable",) if apart > max(APART, APART * abs(value)) else ()
    return fitted.estimate(value, float(np.hypot(apart, standard_error(read))), told)

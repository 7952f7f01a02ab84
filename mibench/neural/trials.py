"""From samples to estimates: split, scale, train many critics at once, read their bounds on the test part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mibench.interface import Array, Diverged, Draw, Estimate
from mibench.neural import NeuralEstimator
from mibench.neural.critics import Critic, build, one_of
from mibench.neural.scaling import SCALINGS, Scale
from mibench.neural.training import Job, Pairs, Run, map_bound, stacked, train, with_twin

Rows = npt.NDArray[np.int64]

GROUPS = 20
"""Groups of the test part that the jackknife leaves out one at a time."""

CHUNK = 2**16
"""Pairs scored at once in the test part."""

SATURATED = 0.98
"""A value above this share of its ceiling says more of the ceiling than of the sample."""

BLOCK = 64
"""Batches drawn at once."""

UNRELIABLE = 30
"""Below so many effective negatives, log E[exp T] rests on a few rows."""


def parts(settings: NeuralEstimator, n: int) -> tuple[int, int, int]:
    """Rows for training, validation and test."""
    if len(settings.split) != 3 or min(settings.split) < 1:
        raise ValueError(f"split={settings.split} needs three shares above 0: training, validation, test")
    shares = np.array(settings.split) / sum(settings.split)
    test = n // settings.folds if settings.folds > 1 else round(n * shares[2])
    valid = round((n - test) * shares[1] / (shares[0] + shares[1]))
    train = n - test - valid
    if min(train, valid, test) < 4:
        raise ValueError(
            f"n={n} leaves {train} pairs for training, {valid} for validation, {test} for test: 4 needed of each"
        )
    return train, valid, test


def partners(n: int, negatives: int) -> tuple[Rows, Rows]:
    """Of each of n rows: its group `(n,)`, and the rows of the same group it is mismatched with `(n, m)`.

    No row meets itself or any row twice. Partners come from the row's own group, so the groups are independent, and
    leaving one out leaves a smaller sample of the same kind.
    """
    groups = max(min(GROUPS, n // (negatives + 1)), min(2, n // 2))
    group = np.arange(n) * groups // n
    start = np.searchsorted(group, np.arange(groups))
    size = np.diff([*start, n])
    m = min(negatives, int(size.min()) - 1)
    offset = np.arange(n) - start[group]
    shifted = (offset[:, None] + 1 + np.arange(m)) % size[group][:, None]
    return group, start[group][:, None] + shifted


@torch.no_grad()
def test_scores(critic: Critic, theta: Tensor, x: Tensor, y: Tensor, partner: Rows) -> tuple[Tensor, Tensor]:
    """Joint `(K, n)` and marginal `(K, n, m)` scores of the test part."""
    weights = critic.unpack(theta)
    read_x, read_y = critic.read_x(weights, x), critic.read_y(weights, y)
    n, m = partner.shape
    column = torch.from_numpy(np.concatenate([np.arange(n)[None], partner.T])).to(x.device)
    rows = max(1, CHUNK // (1 + m))
    table = torch.cat(
        [
            critic.score(weights, read_x[:, None, start : start + rows], read_y[:, column[:, start : start + rows]])
            for start in range(0, n, rows)
        ],
        dim=2,
    )
    return table[:, 0], table[:, 1:].transpose(1, 2)


def effective_negatives(marginal: Tensor) -> list[float]:
    """(Σ e^T)² / Σ e^2T of each critic's test negatives: how many of them carry log E[exp T]."""
    flat = (marginal if marginal.dim() == 3 else marginal[..., 0]).double().flatten(1)
    return [float(v) for v in (2 * flat.logsumexp(1) - (2 * flat).logsumexp(1)).exp()]


def read(
    settings: NeuralEstimator, critic: Critic, runs: Sequence[Run], tests: Sequence[Pairs], device: torch.device
) -> list[Estimate]:
    """The bound of each trained critic on its test part, with a jackknife standard error."""
    best = with_twin([run.best for run in runs if run.best is not None])
    x, y = stacked(with_twin(list(tests)), device)
    group, partner = partners(x.shape[1], settings.test_negatives)
    joint, marginal = test_scores(critic, torch.stack(best), x, y, partner)
    (values,) = map_bound(settings.bound, joint, marginal)
    groups = int(group[-1]) + 1
    left_out = []
    for g in range(groups):
        keep = torch.from_numpy(group != g).to(device)
        left_out += map_bound(settings.bound, joint[:, keep], marginal[:, keep])
    without = torch.stack(left_out)
    spread = (without - without.mean(0)).square().sum(0) * (groups - 1) / groups
    weighted = settings.heads[0] == "xy"
    return [
        Estimate(
            value=float(values[k]),
            std=sqrt(float(spread[k])),
            ceiling=settings.ceiling(partner.shape[1]),
            ess=ess if weighted else None,
            steps=run.steps,
            curve=tuple(run.curve),
        )
        for k, (run, ess) in enumerate(zip(runs, effective_negatives(marginal), strict=False))
    ]


def walk(x: Array, y: Array, rng: np.random.Generator, size: int) -> Iterator[Pairs]:
    """Blocks of batches, from one shuffle of the rows after another; no row is twice in a batch."""
    rows, block = len(x) // size * size, BLOCK * size
    while True:
        order = np.concatenate([rng.permutation(len(x))[:rows] for _ in range(max(1, block // rows))])
        for start in range(0, len(order), block):
            yield x[order[start : start + block]], y[order[start : start + block]]


def fresh_walk(draw: Draw, scale_x: Scale, scale_y: Scale, size: int) -> Iterator[Pairs]:
    """Blocks of batches of pairs never seen before."""
    while True:
        x, y = draw(BLOCK * size)
        yield scale_x(x), scale_y(y)


def prepare(settings: NeuralEstimator, x: Array, y: Array, seed: int | None, draw: Draw | None) -> list[Job]:
    """The critics to train for one trial: one, or one a fold."""
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"x and y must be (n, dim) with the same n, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must be finite: drop or fill rows with NaN or infinity")
    if settings.fresh and draw is None:
        raise ValueError("fresh=true needs a task that new samples can be drawn from")
    n_train, n_valid, n_test = parts(settings, len(x))
    shuffle, *streams = np.random.SeedSequence(seed).spawn(1 + max(settings.folds, 1))
    order = np.random.default_rng(shuffle).permutation(len(x))
    fit_scale = one_of(SCALINGS, settings.scaling, "scaling")
    size = min(settings.batch_size, n_train) if draw is None else settings.batch_size
    jobs = []
    for fold, stream in enumerate(streams):
        rng = np.random.default_rng(stream)
        rows = np.roll(order, -fold * n_test)
        test, valid, rest = rows[:n_test], rows[n_test : n_test + n_valid], rows[n_test + n_valid :]
        if draw is not None:
            test = np.concatenate([test, rest])
        x_fit, y_fit = (x[rest], y[rest]) if draw is None else draw(max(n_train, BLOCK * size))
        scale_x, scale_y = fit_scale(x_fit), fit_scale(y_fit)
        jobs.append(
            Job(
                rng=rng,
                blocks=walk(scale_x(x_fit), scale_y(y_fit), rng, size)
                if draw is None
                else fresh_walk(draw, scale_x, scale_y, size),
                size=size,
                distinct=n_train if draw is None else None,
                valid=(scale_x(x[valid]), scale_y(y[valid])),
                test=(scale_x(x[test]), scale_y(y[test])),
            )
        )
    return jobs


def outcome(jobs: Sequence[Job], runs: Sequence[Run], estimates: Sequence[Estimate | None]) -> Estimate | Exception:
    """What one trial came to: the mean over its folds, and its warnings."""
    whole = [e for e in estimates if e is not None]
    estimate = combine(whole) if len(whole) == len(runs) else None
    if estimate is not None:
        seen = [run.steps * job.size for job, run in zip(jobs, runs, strict=True)]
        estimate = replace(
            estimate,
            samples_seen=max(
                s if job.distinct is None else min(s, job.distinct) for s, job in zip(seen, jobs, strict=True)
            ),
            flags=flags(estimate, runs),
        )
    if estimate is None or not np.isfinite(estimate.value) or any(run.ended == "diverged" for run in runs):
        step = min(run.steps for run in runs if run.ended == "diverged" or run.best is None) if runs else 0
        return Diverged(f"the critic's weights or its bound stopped being finite by step {step}", last=estimate)
    return estimate


def combine(folds: Sequence[Estimate]) -> Estimate:
    """The mean of equally large folds; their test parts do not overlap."""
    first = folds[0]
    if len(folds) == 1:
        return first
    length = max(len(e.curve) for e in folds)
    held = [[e.curve[min(i, len(e.curve) - 1)][1] for e in folds] for i in range(length)]
    longest = max(folds, key=lambda e: len(e.curve))
    return replace(
        first,
        value=float(np.mean([e.value for e in folds])),
        std=sqrt(sum((e.std or 0) ** 2 for e in folds)) / len(folds),
        ess=min((e.ess for e in folds if e.ess is not None), default=None),
        steps=sum(e.steps or 0 for e in folds),
        curve=tuple((step, float(np.mean(values))) for (step, _), values in zip(longest.curve, held, strict=True)),
    )


def flags(estimate: Estimate, runs: Sequence[Run]) -> tuple[str, ...]:
    """Warnings about the value."""
    told = []
    if estimate.ess is not None and estimate.ess < UNRELIABLE:
        told.append("unreliable")
    if estimate.ceiling is not None and estimate.value > SATURATED * estimate.ceiling:
        told.append("saturated")
    if any(run.ended == "step-cap" for run in runs):
        told.append("step-cap")
    return tuple(told)


def estimate_together(
    settings: NeuralEstimator,
    xs: Sequence[Array],
    ys: Sequence[Array],
    seeds: Sequence[int | None],
    device: str,
    draws: Sequence[Draw | None],
) -> list[Estimate | Exception]:
    """One outcome a trial; all trials are of one shape."""
    on = torch.device(device)
    critic = build(settings, xs[0].shape[1], ys[0].shape[1])
    trials = [prepare(settings, *trial) for trial in zip(xs, ys, seeds, draws, strict=True)]
    jobs = [job for trial in trials for job in trial]
    runs = train(settings, critic, jobs, on)
    good = [k for k, run in enumerate(runs) if run.best is not None]
    read_off = read(settings, critic, [runs[k] for k in good], [jobs[k].test for k in good], on) if good else []
    estimates = dict(zip(good, read_off, strict=True))
    outcomes, first = [], 0
    for trial in trials:
        ks = range(first, first + len(trial))
        outcomes.append(outcome(trial, [runs[k] for k in ks], [estimates.get(k) for k in ks]))
        first += len(trial)
    return outcomes

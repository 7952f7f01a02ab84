"""From samples to estimates: split, scale, train many critics at once, read their bounds on the test part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import torch

from mibench.interface import Array, Diverged, Draw, Estimate, paired
from mibench.neural.architectures import build
from mibench.neural.bound import Bound
from mibench.neural.company import one_thread, over_critics
from mibench.neural.compiled.perceptron import path
from mibench.neural.critics import Critic
from mibench.neural.feed import BLOCK, Material, Walk, fresh_walk, stacked
from mibench.neural.inputs import fitted
from mibench.neural.limits import added, checked, with_density
from mibench.neural.scaling import held_by_float32
from mibench.neural.scores import effective_negatives, joint_and_marginal, says_the_same, tables_in_parts
from mibench.neural.split import parts
from mibench.neural.training import Fitted, train

JACKKNIFE = 20
"""Parts of the test part that are left out one at a time."""

SATURATED = 0.95
"""A value above this share of its ceiling says more of the ceiling than of the sample."""

UNRELIABLE = 30
"""Below so many effective negatives, log E[exp T] rests on a few rows."""


@torch.no_grad()
def read(
    settings: Bound,
    critic: Critic,
    fits: Mapping[int, Fitted],
    materials: Sequence[Material],
    places: Sequence[int],
    device: torch.device,
) -> list[Estimate]:
    """The bound of the trained critics at these places on their test parts, with a jackknife standard error.

    Negatives are of a row's own group, so groups are independent, and leaving some out leaves a smaller sample of the
    same kind.
    """
    if not places:
        return []
    if settings.window:
        return [of_batches(settings, fits[place], materials[place], device) for place in places]
    weights = critic.unpack(torch.stack([best for k in places if (best := fits[k].best) is not None]))
    x, y = stacked([materials[k].test for k in places], device)
    group = min(settings.test_negatives + 1, max(x.shape[1] // 4, 2))
    table = tables_in_parts(critic, weights, x, y, group)
    joint, marginal = joint_and_marginal(table)
    (values,) = over_critics(settings.bound, joint, marginal)
    groups = table.shape[1]
    parts = min(JACKKNIFE, groups)
    part = torch.arange(groups, device=device).repeat_interleave(group) * parts // groups
    without = torch.stack(
        [over_critics(settings.bound, joint[:, part != p], marginal[:, part != p])[0] for p in range(parts)]
    )
    spread = (without - without.mean(0)).square().sum(0) * (parts - 1) / parts
    constant = says_the_same(table)
    of_t = marginal if marginal.dim() == 3 else marginal[..., 0]
    ess = effective_negatives(of_t).tolist() if settings.exponential else [None] * len(x)
    return [
        Estimate(
            value=float(values[k]),
            std=sqrt(float(spread[k])),
            ceiling=settings.ceiling(group - 1),
            ess=ess[k],
            steps=fits[place].steps,
            path=path(device),
            curve=tuple(fits[place].curve),
            flags=("collapsed",) * constant[k],
        )
        for k, place in enumerate(places)
    ]


def of_batches(settings: Bound, fit: Fitted, material: Material, device: torch.device) -> Estimate:
    """The mean over the last training batches; they repeat rows, so nothing is said of its error."""
    value = float(np.mean(fit.batches or [np.nan]))
    return Estimate(
        value=value,
        ceiling=settings.ceiling(min(settings.negatives + 1, material.size) - 1),
        steps=fit.steps,
        path=path(device),
        curve=tuple(fit.curve),
        flags=("training-batch",),
    )


def batch_rows(settings: Bound, available: int | None) -> int:
    """Rows of a batch: the whole number of groups that is nearest to `batch_size`, and no more than there are.

    Raises ValueError where not even one group can be made of those.
    """
    group = settings.negatives + 1
    if available is None:
        return max(1, round(settings.batch_size / group)) * group
    if available < group:
        raise ValueError(f"negatives={settings.negatives} needs {group} rows for training, and there are {available}")
    return min(max(1, round(settings.batch_size / group)), available // group) * group


def prepare(settings: Bound, x: Array, y: Array, seed: int | None, draw: Draw | None) -> list[Material]:
    """The critics to train for one trial: one, or one a fold."""
    if settings.fresh and draw is None:
        raise ValueError("fresh=true needs a task that new samples can be drawn from")
    with_density(settings, x, y)
    shuffle, *streams = np.random.SeedSequence(seed).spawn(1 + settings.folds)
    folds = parts(settings, x, y, np.random.default_rng(shuffle))
    n_train = len(folds[0].train)
    size = batch_rows(settings, n_train if draw is None else None)
    materials = []
    for rows, stream in zip(folds, streams, strict=True):
        rng = np.random.default_rng(stream)
        test = rows.test if draw is None else np.concatenate([rows.test, rows.train])
        x_fit, y_fit = (x[rows.train], y[rows.train]) if draw is None else draw(max(n_train, BLOCK * size))
        scale_x, scale_y = fitted(settings, x_fit, y_fit)
        fit, valid, held_out = (
            (held_by_float32(scale_x(a), settings.scaling), held_by_float32(scale_y(b), settings.scaling))
            for a, b in ((x_fit, y_fit), (x[rows.valid], y[rows.valid]), (x[test], y[test]))
        )
        materials.append(
            Material(
                rng=rng,
                blocks=Walk(*fit, rng, size) if draw is None else fresh_walk(draw, scale_x, scale_y, size),
                size=size,
                distinct=rows.distinct if draw is None else None,
                valid=valid,
                test=held_out,
                repeated=rows.repeated,
            )
        )
    return materials


def sides(settings: Bound, x: Any, y: Any) -> tuple[Array, Array] | ValueError:
    """What the critic is given of a pair, or why it cannot be: one trial's bad sample is no trouble of the others."""
    try:
        return settings.sides(*paired(x, y))
    except ValueError as error:
        return error


def prepared(
    settings: Bound, pair: tuple[Array, Array] | ValueError, seed: int | None, draw: Draw | None
) -> list[Material] | ValueError:
    """`prepare`, or why it could not be done."""
    if isinstance(pair, ValueError):
        return pair

    try:
        return prepare(settings, *pair, seed, None if draw is None else lambda n: settings.sides(*paired(*draw(n))))
    except ValueError as error:
        return error


def outcome(
    materials: Sequence[Material], fits: Sequence[Fitted], estimates: Sequence[Estimate | None]
) -> Estimate | Exception:
    """What one trial came to: the mean over its folds, and its warnings."""
    whole = [e for e in estimates if e is not None]
    estimate = combine(whole) if len(whole) == len(fits) else None
    if estimate is not None:
        seen = [fit.steps * material.size for material, fit in zip(materials, fits, strict=True)]
        estimate = replace(
            estimate,
            samples_seen=max(
                s if material.distinct is None else min(s, material.distinct)
                for s, material in zip(seen, materials, strict=True)
            ),
            flags=flags(estimate, fits, any(material.repeated for material in materials)),
        )
    if estimate is None or not np.isfinite(estimate.value) or any(fit.ended == "diverged" for fit in fits):
        step = min(fit.steps for fit in fits if fit.ended == "diverged" or fit.best is None) if fits else 0
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
        parts=tuple(e.value for e in folds),
        ess=min((e.ess for e in folds if e.ess is not None), default=None),
        steps=sum(e.steps or 0 for e in folds),
        flags=tuple(sorted({flag for e in folds for flag in e.flags})),
        curve=tuple((step, float(np.mean(values))) for (step, _), values in zip(longest.curve, held, strict=True)),
    )


def flags(estimate: Estimate, fits: Sequence[Fitted], repeated: bool) -> tuple[str, ...]:
    """Warnings about the value: those it has, and what is known of how it came about."""
    told = list(estimate.flags)
    if estimate.ess is not None and estimate.ess < UNRELIABLE:
        told.append("unreliable")
    if estimate.ceiling is not None and estimate.value > SATURATED * estimate.ceiling:
        told.append("saturated")
    if any(fit.ended == "step-cap" for fit in fits):
        told.append("step-cap")
    if repeated:
        told.append("repeated-rows")
    return tuple(told)


def estimate_each(
    settings: Bound,
    xs: Sequence[Array],
    ys: Sequence[Array],
    seeds: Sequence[int | None],
    device: str,
    draws: Sequence[Draw | None],
) -> Iterator[tuple[int, Estimate | Exception]]:
    """The place and outcome of each trial, when its critics have ended; all trials are of one shape."""
    checked(settings)
    pairs = [sides(settings, x, y) for x, y in zip(xs, ys, strict=True)]
    shapes = {(len(x), x.shape[1], y.shape[1]) for x, y in (pair for pair in pairs if not isinstance(pair, ValueError))}
    if len(shapes) > 1:
        raise ValueError(f"trials of one shape are trained together, not of n, dim_x and dim_y {sorted(shapes)}")
    trials = [prepared(settings, *trial) for trial in zip(pairs, seeds, draws, strict=True)]
    yield from ((place, trial) for place, trial in enumerate(trials) if isinstance(trial, Exception))
    waiting = {place: trial for place, trial in enumerate(trials) if not isinstance(trial, Exception)}
    if not waiting:
        return
    ((_, dim_x, dim_y),) = shapes
    more_x, more_y = added(settings, dim_x, dim_y)
    critic, on = build(settings, dim_x + more_x, dim_y + more_y), torch.device(device)
    materials = [material for trial in waiting.values() for material in trial]
    ends = np.cumsum([0, *map(len, waiting.values())])
    spans = {place: range(*span) for place, span in zip(waiting, pairwise(ends), strict=True)}
    fits: dict[int, Fitted] = {}
    with one_thread():
        for ended in train(settings, critic, materials, on):
            fits |= ended
            done = {place: span for place, span in spans.items() if fits.keys() >= set(span)}
            spans = {place: span for place, span in spans.items() if place not in done}
            good = [k for span in done.values() for k in span if fits[k].best is not None]
            estimates = dict(zip(good, read(settings, critic, fits, materials, good, on), strict=True))
            for place, span in done.items():
                yield place, outcome(waiting[place], [fits[k] for k in span], [estimates.get(k) for k in span])

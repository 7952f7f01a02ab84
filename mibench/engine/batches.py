"""Which trials go into one process together."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from mibench.fence import fenced
from mibench.trial import Trial

WINDOW = 4096
"""How many planned trials are looked at together; planning stays lazy beyond it."""

SMALL = 4
"""A group of so small a part of one job's trials needs no cutting for the others to have work."""


def batches(trials: Iterable[Trial], jobs: int) -> Iterator[list[Trial]]:
    """Groups in the order of their first trials: equal shapes together where the estimator offers `estimate_many`.

    A group is no larger than the estimator asks for, nor than leaves work for every job, as far as smaller ones pay and
    the group is no small part of all trials.
    """
    window: deque[Trial] = deque()
    source = iter(trials)
    while True:
        for trial in source:
            window.append(trial)
            if len(window) >= WINDOW:
                break
        if not window:
            return
        yield from _grouped(window, jobs)
        window.clear()


def _grouped(window: Iterable[Trial], jobs: int) -> Iterator[list[Trial]]:
    alike: dict[Any, list[Trial]] = {}
    for index, trial in enumerate(window):
        shape = _shape(trial)
        alike.setdefault(index if shape is None else shape, []).append(trial)
    order = {trial.id: index for index, trial in enumerate(window)}
    chunks = [
        chunk
        for group in alike.values()
        for chunk in _chunks(group, 1 if len(group) * SMALL * jobs <= len(order) else jobs)
    ]
    yield from sorted(chunks, key=lambda chunk: order[chunk[0].id])


def _shape(trial: Trial) -> Any:
    """What trials that run together share; None for a trial that runs alone."""
    if trial.point.kind == "application":
        return None
    estimator = trial.choice.estimator
    if hasattr(estimator, "estimate_family"):
        sample = (trial.point.sweep, trial.point.params, trial.n_samples, trial.seed)
        return "family", trial.choice.name, trial.choice.family, trial.device, sample
    if hasattr(estimator, "estimate_many"):
        where = trial.dims if None not in trial.dims else (trial.point.sweep, trial.point.name)
        fresh = getattr(trial.point.task, "fresh", False)
        return "batch", trial.choice.name, trial.choice.params, trial.n_samples, trial.device, where, fresh
    return None


def _chunks(group: list[Trial], jobs: int) -> Iterator[list[Trial]]:
    estimator, dims = group[0].choice.estimator, [dim or 1 for dim in group[0].dims]
    if hasattr(estimator, "estimate_family") or len(group) == 1:
        yield group
        return
    where = group[0].n_samples, *dims, group[0].device
    try:
        with fenced():
            most = max(1, int(estimator.trials_at_once(*where)))
            least = max(1, int(estimator.least_batch(*where))) if hasattr(estimator, "least_batch") else 1
    except Exception:  # each trial by itself then, as if it had no batches
        most = least = 1
    parts = max(math.ceil(len(group) / most), min(jobs, len(group) // least))
    for part in range(parts):
        yield group[part * len(group) // parts : (part + 1) * len(group) // parts]

"""Which trials go into one process together."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from mibench.trial import Trial

WINDOW = 4096
"""How many planned trials are looked at together; planning stays lazy beyond it."""


def batches(trials: Iterable[Trial], jobs: int) -> Iterator[list[Trial]]:
    """Groups in the order of their first trials: equal shapes together where the estimator offers `estimate_many`.

    A group is no larger than the estimator asks for, nor than leaves work for every job.
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
        alike.setdefault(_shape(trial) or index, []).append(trial)
    chunks = [chunk for group in alike.values() for chunk in _chunks(group, jobs)]
    order = {trial.id: index for index, trial in enumerate(window)}
    yield from sorted(chunks, key=lambda chunk: order[chunk[0].id])


def _shape(trial: Trial) -> Any:
    """What trials that train together share; None for a trial that runs alone."""
    estimator = trial.choice.estimator
    if not hasattr(estimator, "estimate_many"):
        return None
    dims = trial.dims
    where = dims if None not in dims else (trial.point.sweep, trial.point.name)
    fresh = getattr(trial.point.task, "fresh", False)
    return trial.choice.name, trial.estimator_params, trial.n_samples, trial.device, where, fresh


def _chunks(group: list[Trial], jobs: int) -> Iterator[list[Trial]]:
    first = group[0]
    ask = getattr(first.choice.estimator, "trials_at_once", None)
    dims = [dim or 1 for dim in first.dims]
    most = ask(first.n_samples, *dims, first.device) if ask and hasattr(first.choice.estimator, "estimate_many") else 1
    parts = max(math.ceil(len(group) / max(most, 1)), min(jobs, len(group)))
    for part in range(parts):
        chunk = group[part * len(group) // parts : (part + 1) * len(group) // parts]
        if chunk:
            yield chunk


def halves(trials: list[Trial]) -> list[list[Trial]]:
    """A batch that failed as a whole, in two, until the culprit stands alone."""
    middle = len(trials) // 2
    return [trials[:middle], trials[middle:]]

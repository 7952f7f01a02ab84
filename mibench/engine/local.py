"""Trials on this machine: every slot kept busy, rows as trials end, in whatever order that is."""

import math
from collections import deque
from collections.abc import Collection, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path
from typing import Any

from mibench import fingerprint
from mibench.catalogue import Catalogue
from mibench.engine.batches import batches, halves
from mibench.engine.isolation import Isolation
from mibench.engine.job import Finished, Limits, Slot, failed_whole, finished, pack
from mibench.trial import Trial

AHEAD = 64
"""Groups that are kept ready for each kind of slot; in the last of them the longest goes first."""

PRELOADABLE = {"torch", "scipy", "sklearn", "numba"}


def run(
    trials: Iterable[Trial],
    catalogue: Catalogue,
    plugins: Sequence[str],
    files: Collection[Path],
    slots: Sequence[Slot],
    limits: Limits,
) -> Generator[Finished]:
    """Run the trials, each group in a process of its own; yields a row a trial as it ends.

    `files` are the plugin files of the trials: what they import is loaded once, before processes are forked.
    Closing the iterator, or an exception inside it, kills what still runs.
    """
    isolation = Isolation(limits, preload(files))
    free = list(slots)
    queues: dict[str, deque[list[Trial]]] = {slot.kind: deque() for slot in slots}
    groups = batches(trials, len(slots))
    costs = Costs()
    underway = {}
    try:
        while True:
            for slot in list(free):
                queue = queues[slot.kind]
                while len(queue) < AHEAD and (group := next(groups, None)) is not None:
                    queues[_kind(group, queues)].append(group)
                if queue:
                    group = costs.longest(queue) if len(queue) < AHEAD else queue.popleft()
                    running = isolation.start(pack(group, catalogue, plugins, slot, limits.memory))
                    underway[running.future] = running, group
                    free.remove(slot)
            if not underway:
                return
            done, _ = wait(underway, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                running, group = underway.pop(future)
                free.append(running.job.slot)
                ended = finished(group, running.job.slot, isolation.finish(running))
                costs.learn(group, ended)
                if failed_whole(ended):
                    queues[running.job.slot.kind].extendleft(reversed(halves(group)))
                else:
                    yield from ended
    finally:
        isolation.close()


class Costs:
    """What trials took so far, to start the longest first when the end of a run is in sight and no slot should idle."""

    def __init__(self) -> None:
        self.means: dict[tuple[Any, ...], tuple[int, float]] = {}

    def learn(self, group: Sequence[Trial], ended: Sequence[Finished]) -> None:
        count, seconds = self.means.get(_like(group), (0, 0.0))
        new = sum(one.result.wall_seconds or 0.0 for one in ended)
        self.means[_like(group)] = count + len(ended), seconds + new

    def longest(self, queue: deque[list[Trial]]) -> list[Trial]:
        """Take the group that should take longest; kinds of trial not seen yet come first, in order."""
        if len({_like(group) for group in queue}) == 1:
            return queue.popleft()
        best = max(range(len(queue)), key=lambda index: (self._expected(queue[index]), -index))
        group = queue[best]
        del queue[best]
        return group

    def _expected(self, group: Sequence[Trial]) -> float:
        count, seconds = self.means.get(_like(group), (0, 0.0))
        return seconds / count * len(group) if count else math.inf


def _like(group: Sequence[Trial]) -> tuple[Any, ...]:
    first = group[0]
    return first.choice.name, first.choice.params, first.n_samples, first.dims, first.point.sweep


def _kind(group: Sequence[Trial], queues: Collection[str]) -> str:
    kind = group[0].device.partition(":")[0]
    return kind if kind in queues else "cpu"


def preload(files: Collection[Path]) -> list[str]:
    """The modules that plugin files import and that are worth having before a process is forked."""
    names: set[str] = set()
    for path in files:
        sources = fingerprint.trace(path)
        names |= {name for name in sources.others if name.partition(".")[0] in PRELOADABLE}
        ours = {_module(file) for file in sources.files if fingerprint.HARNESS in file.parents}
        names |= ours | {f"{room}.warm" for room in fingerprint.ROOMS if room in ours and _has_warm(room)}
    return sorted(names)


def _has_warm(room: str) -> bool:
    """Whether a room has a module that does, when it is imported, what would take long in every process anew."""
    return (fingerprint.HARNESS.parent.joinpath(*room.split(".")) / "warm.py").is_file()


def _module(file: Path) -> str:
    parts = file.relative_to(fingerprint.HARNESS.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

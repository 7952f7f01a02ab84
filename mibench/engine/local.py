"""Trials on this machine: every slot kept busy, rows as trials end, in whatever order that is."""

import math
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from mibench.catalogue import Catalogue
from mibench.device import Device
from mibench.engine import modules
from mibench.engine.batches import WINDOW, batches
from mibench.engine.devices import Slot
from mibench.engine.isolation import Isolation, Underway
from mibench.engine.parcels import Finished, Limits, finished, pack, settle
from mibench.engine.processes import End
from mibench.trial import Trial

AHEAD = 64
"""Groups that are kept ready for each kind of slot; in the last of them the longest goes first."""

Group = list[Trial]


def run(
    trials: Iterable[Trial],
    catalogue: Catalogue,
    plugins: Sequence[str],
    files: Collection[Path],
    slots: Sequence[Slot],
    limits: Limits,
) -> Generator[Finished]:
    """Run the trials, each group in a process of its own; yields a row a trial as it is known.

    `files` are the plugin files of the trials: what they import is loaded once, before processes are forked.
    Closing the iterator, or an exception inside it, kills what still runs.
    """
    isolation = Isolation(limits, modules.preload(files))
    free = list(slots)
    queues = Queues({slot.device.kind for slot in slots}, batches(trials, len(slots)))
    suspects: deque[tuple[Slot, Group]] = deque()
    served: dict[Slot, Trial] = {}
    wary: set[str] = set()  # trials that ended badly in a process that had made others
    underway: dict[Future[End], tuple[Underway, Group, tuple[Trial, ...]]] = {}  # with what is still without a row

    suspected: Future[End] | None = None

    def start(slot: Slot, group: Group) -> Future[End]:
        alone = any(trial.id in wary for trial in group)
        one = isolation.start(pack(group, catalogue, plugins, slot, limits.memory, alone=alone))
        underway[one.future] = one, group, tuple(group)
        free.remove(slot)
        if slot.device.accelerator:
            served[slot] = group[0]
        return one.future

    try:
        while True:
            if suspects and not underway:
                suspected = start(*suspects.popleft())  # alone: if it ends the server again, it was this one
            elif not suspects and suspected not in underway:
                for slot in list(free):
                    if group := queues.take(slot.device.kind, served.get(slot)):
                        start(slot, group)
            if not underway:
                return
            done, _ = wait(underway, timeout=0.5, return_when=FIRST_COMPLETED)
            for one, group, _ in underway.values():
                if one.future not in done and len(group) > 1:
                    for early in map(finished, isolation.rows(one)):
                        group[:] = [trial for trial in group if trial.id != early.result.trial_id]
                        yield early
            for future in done:
                one, group, whole = underway.pop(future)
                slot = one.parcel.slot
                free.append(slot)
                outcome = isolation.finish(one)
                queues.learn(whole, outcome.seconds * len(whole))
                if outcome.lost and group and future is not suspected and len(slots) > 1:
                    suspects.append((slot, group))
                    continue
                ended, again = settle(group, slot, outcome, len(one.parcel.trials))
                if outcome.used:
                    wary.update(trial.id for group in again for trial in group)
                queues.put_back(slot.device.kind, again)
                yield from ended
    finally:
        isolation.close()


class Queues:
    """Groups that wait for a slot of their kind, planned no further ahead than is needed.

    They know what trials took so far, to start the longest first when the end of a run is in sight and no slot should
    idle.
    """

    def __init__(self, kinds: Iterable[str], groups: Iterator[Group]):
        self.waiting: dict[str, deque[Group]] = {kind: deque() for kind in kinds}
        self.groups = groups
        self.means: dict[tuple[Any, ...], tuple[int, float]] = {}

    def take(self, kind: str, after: Trial | None = None) -> Group | None:
        """The next group for a slot of this kind; with the plugins of `after`, as far as any waits, if it is given."""
        queue = self.waiting[kind]
        # a kind that the plan has no trials for must not make all of it be looked through
        while len(queue) < AHEAD and sum(map(len, self.waiting.values())) < WINDOW:
            group = next(self.groups, None)
            if group is None:
                break
            wanted = Device.of(group[0].device).kind
            self.waiting[wanted if wanted in self.waiting else "cpu"].append(group)
        if not queue:
            return None
        alike = [place for place, group in enumerate(queue) if after and _plugins(group[0]) == _plugins(after)]
        places = alike or range(len(queue))
        best = self._longest(queue, places) if len(queue) < AHEAD else places[0]
        group = queue[best]
        del queue[best]
        return group

    def put_back(self, kind: str, groups: Sequence[Group]) -> None:
        """Groups that must go again, in front."""
        self.waiting[kind].extendleft(reversed(groups))

    def learn(self, group: Sequence[Trial], seconds: float) -> None:
        """What a group took."""
        count, before = self.means.get(_like(group), (0, 0.0))
        self.means[_like(group)] = count + len(group), before + seconds

    def _longest(self, queue: Sequence[Group], places: Sequence[int]) -> int:
        """The group that should take longest; kinds of trial not seen yet come first, in order."""
        if len({_like(queue[place]) for place in places}) == 1:
            return places[0]
        return max(places, key=lambda place: (self._expected(queue[place]), -place))

    def _expected(self, group: Group) -> float:
        count, seconds = self.means.get(_like(group), (0, 0.0))
        return seconds / count * len(group) if count else math.inf


def _plugins(trial: Trial) -> tuple[str, str]:
    return trial.choice.name, trial.point.sweep


def _like(group: Sequence[Trial]) -> tuple[Any, ...]:
    first = group[0]
    return first.choice.name, first.choice.params, first.n_samples, first.dims, first.point.sweep

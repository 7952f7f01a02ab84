"""Trials on this machine: every slot kept busy, rows as trials end, in whatever order that is."""

from collections import deque
from collections.abc import Collection, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

from mibench import fingerprint
from mibench.catalogue import Catalogue
from mibench.engine.batches import batches, halves
from mibench.engine.isolation import Isolation, Running
from mibench.engine.job import Finished, Limits, Slot, pack
from mibench.trial import Trial

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
    free = deque(slots)
    queues: dict[str, deque[list[Trial]]] = {slot.kind: deque() for slot in slots}
    groups = batches(trials, len(slots))
    exhausted = False
    try:
        while True:
            blocked: list[Slot] = []
            while free:
                slot = free.popleft()
                while not queues[slot.kind] and not exhausted:
                    group = next(groups, None)
                    if group is None:
                        exhausted = True
                    else:
                        queues[_queue(group, queues)].append(group)
                if queues[slot.kind]:
                    group = queues[slot.kind].popleft()
                    isolation.start(group, pack(group, catalogue, plugins, slot, limits.memory))
                else:
                    blocked.append(slot)
            free.extend(blocked)
            if not isolation.running:
                return
            done, _ = wait([r.future for r in isolation.running], timeout=1.0, return_when=FIRST_COMPLETED)
            for running in [r for r in isolation.running if r.future in done]:
                finished = isolation.finish(running)
                free.append(running.job.slot)
                if _failed_whole(running, finished):
                    queues[running.job.slot.kind].extendleft(reversed(halves(list(running.trials))))
                else:
                    yield from finished
    finally:
        isolation.close()


def _queue(group: Sequence[Trial], queues: dict[str, deque[list[Trial]]]) -> str:
    kind = group[0].device.partition(":")[0]
    return kind if kind in queues else "cpu"


def _failed_whole(running: Running, finished: Sequence[Finished]) -> bool:
    """A batch without a single row of its own: one trial may have spoilt it for the others."""
    return len(running.trials) > 1 and all(f.result.status not in ("ok", "diverged") for f in finished)


def preload(files: Collection[Path]) -> list[str]:
    """The modules that the plugins' files import and that are worth having before a process is forked."""
    names: set[str] = set()
    for path in files:
        sources = fingerprint.trace(path)
        names |= {name for name in sources.others if name.partition(".")[0] in PRELOADABLE}
        names |= {_module(file) for file in sources.files if fingerprint.HARNESS in file.parents}
    return sorted(names)


def _module(file: Path) -> str:
    parts = file.relative_to(fingerprint.HARNESS.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

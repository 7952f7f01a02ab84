"""Trials on a Dask cluster. Workers run them in isolation; only the client, here, sees the results folder."""

import contextlib
import itertools
import time
from collections import Counter, deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mibench.catalogue import Catalogue
from mibench.device import CPU, Device
from mibench.engine import modules, remote
from mibench.engine.batches import batches
from mibench.engine.devices import Slot
from mibench.engine.parcels import Finished, Limits, Outcome, Parcel, pack, settle
from mibench.errors import Interrupted, UsageError
from mibench.trial import Trial

RETRIES = 1
"""How often a parcel is given to another worker when its own dies."""

AHEAD = 3
"""Parcels handed to the cluster for each of its threads: enough that no worker waits for the client."""

ANSWER = 10.0
"""Seconds that a scheduler is given to answer."""

SILENCE = 20.0
"""Seconds without a connection after which the scheduler is taken to be gone."""


def run(
    trials: Iterable[Trial],
    catalogue: Catalogue,
    plugins: Sequence[str],
    files: Collection[Path],
    limits: Limits,
    scheduler: str | None,
    jobs: int,
) -> Generator[Finished]:
    """Run the trials on the cluster at `scheduler`, or on one started here with `jobs` workers."""
    with _client(scheduler, jobs) as client:
        starts: Counter[str] = Counter()
        client.subscribe_topic(remote.STARTS, lambda event: starts.update([event[1]["parcel"]]))
        preload = tuple(modules.preload(files))
        width = AHEAD * sum(client.nthreads().values())
        groups = batches(trials, max(1, width // AHEAD))
        waiting: deque[list[Trial]] = deque()
        wary: set[str] = set()  # see `local.run`
        underway: dict[Any, tuple[Parcel, list[Trial]]] = {}
        numbers = itertools.count()
        try:
            while True:
                while len(underway) < width:
                    group = waiting.popleft() if waiting else next(groups, None)
                    if group is None:
                        break
                    alone = any(trial.id in wary for trial in group)
                    parcel = pack(group, catalogue, plugins, _slot(group), limits.memory, verify=True, alone=alone)
                    future = client.submit(
                        remote.run, parcel, limits, preload,
                        key=f"mibench-{parcel.ids[0]}-{time.time_ns()}-{next(numbers)}", pure=False, retries=0,
                        resources={"GPU": 1} if parcel.slot.device.accelerator else None,
                    )  # fmt: skip
                    underway[future] = parcel, group
                if not underway:
                    return
                for future, outcome in _ended(client, underway, starts, scheduler):
                    parcel, group = underway.pop(future)
                    starts.pop(parcel.ids[0], None)
                    ended, again = settle(group, parcel.slot, outcome, len(group))
                    if outcome.used:
                        wary.update(trial.id for group in again for trial in group)
                    waiting.extendleft(reversed(again))
                    yield from ended
        finally:
            with contextlib.suppress(Exception):
                client.cancel(list(underway), force=True)


def _slot(group: Sequence[Trial]) -> Slot:
    """One thread a trial: a worker's own threads are how many it runs at once. Its GPU is the one it was given."""
    kind = Device.of(group[0].device).kind
    return Slot(Device("cuda", 0) if kind == "cuda" else CPU, 1)


@contextlib.contextmanager
def _client(scheduler: str | None, jobs: int) -> Iterator[Any]:
    import dask
    import distributed

    with contextlib.ExitStack() as stack:
        stack.enter_context(
            dask.config.set({"distributed.comm.timeouts.connect": ANSWER, "logging.distributed": "critical"})
        )
        if scheduler is None:
            scheduler = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
                )
            )
        try:
            client = stack.enter_context(distributed.Client(scheduler, timeout=ANSWER, set_as_default=False))
            workers = client.run(remote.versions)
        except (OSError, TimeoutError) as error:
            raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from error
        except Exception as error:
            raise UsageError(f"a Dask worker cannot import this mibench: {type(error).__name__}: {error}") from error
        refuse_others(workers)
        if not workers:
            raise UsageError(f"the Dask scheduler at {scheduler} has no workers")
        yield client


def refuse_others(workers: Mapping[str, Mapping[str, str]]) -> None:
    """Raise UsageError for a worker with other versions: its numbers would be others, under the names of ours."""
    here = remote.versions()
    for worker, there in workers.items():
        others = [
            f"{name} {there.get(name)} (here {version})" for name, version in here.items() if there.get(name) != version
        ]
        if others:
            raise UsageError(f"Dask worker {worker} has {', '.join(others)}; install the same")


def _ended(
    client: Any, underway: dict[Any, tuple[Parcel, list[Trial]]], starts: Counter[str], scheduler: str | None
) -> list[tuple[Any, Outcome]]:
    """Parcels that came to an end, in whatever way; waits for at least one."""
    lost_since = None
    while True:
        ended: list[tuple[Any, Outcome]] = []
        for future, (parcel, _) in underway.items():
            if future.status == "finished":
                ended.append((future, future.result()))
            elif future.status in ("error", "cancelled", "lost") and client.status == "running":
                ended.append((future, _failure(future)))
            elif starts[parcel.ids[0]] > RETRIES + 1:
                client.cancel([future], force=True)
                died = f"its Dask worker died, {RETRIES + 1} times in a row"
                ended.append((future, Outcome((), ("crashed", died), b"", 0.0, "")))
        if ended:
            return ended
        connected = (
            client.status == "running" and client.scheduler_comm is not None and not client.scheduler_comm.comm.closed()
        )
        lost_since = None if connected else lost_since or time.monotonic()
        if client.status == "closed" or (lost_since and time.monotonic() - lost_since > SILENCE):
            raise Interrupted(f"the Dask scheduler at {scheduler or client} went away; rows already written are kept")
        time.sleep(0.02)


def _failure(future: Any) -> Outcome:
    """A parcel that Dask itself could not finish."""
    try:
        error = future.exception(timeout=5)
    except BaseException as lost:  # cancelled futures raise instead of answering
        error = lost
    text = " ".join(str(error).split())[:300]
    if type(error).__name__ == "KilledWorker":
        return Outcome((), ("crashed", "its Dask worker died, again and again"), text.encode(), 0.0, "")
    return Outcome((), ("error", f"Dask: {type(error).__name__}: {text}"), b"", 0.0, "")

"""What runs inside a Dask worker: a parcel in a process of its own there, with the same limits as anywhere."""

import functools
import importlib.metadata
import platform
from concurrent.futures import wait
from typing import Any

import mibench
from mibench.engine.isolation import Isolation, Underway
from mibench.engine.parcels import Limits, Outcome, Parcel

STARTS = "mibench-starts"
"""The topic under which workers tell that they begin a parcel."""

LIBRARIES = ("numpy", "scipy", "torch", "numba")
"""What numbers come from, and every worker must have in one version."""


def run(parcel: Parcel, limits: Limits, preload: tuple[str, ...]) -> Outcome:
    """Make a parcel's trials and say what became of it; a hung or crashing trial harms no worker and no neighbour."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(STARTS, {"parcel": parcel.ids[0]})
    isolation = _isolation(limits, preload)
    outcome = _finish(isolation, isolation.start(parcel), worker)
    return _finish(isolation, isolation.start(parcel), worker) if outcome.lost else outcome


def _finish(isolation: Isolation, one: Underway, worker: Any) -> Outcome:
    """Wait for the end, and bring it about where the client is gone: Dask does not end what has begun."""
    key = worker.get_current_task()
    while not wait([one.future], timeout=0.5).done:
        state = worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            isolation.stop(one)
    return isolation.finish(one)


@functools.cache
def _isolation(limits: Limits, preload: tuple[str, ...]) -> Isolation:
    return Isolation(limits, preload)


def versions() -> dict[str, str]:
    """What this process would make numbers with: mibench, Python and libraries, as far as they tell numbers apart."""
    found = {"mibench": mibench.__version__, "Python": ".".join(platform.python_version_tuple()[:2])}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name).partition("+")[0]  # builds for other devices are no others
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    return found

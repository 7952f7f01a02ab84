"""What runs inside a Dask worker: a job in a process of its own there, with the same limits as anywhere."""

import functools
import multiprocessing
from concurrent.futures import wait

import mibench
from mibench.engine.isolation import Isolation
from mibench.engine.job import Job, Limits, Outcome

STARTS = "mibench-starts"
"""The topic under which workers tell that they begin a job."""


def run(job: Job, limits: Limits, preload: tuple[str, ...]) -> Outcome:
    """Run a job and say what became of it; a hung or crashing trial harms neither the worker nor its neighbours."""
    from distributed import get_worker

    get_worker().log_event(STARTS, {"job": job.ids[0]})
    # Dask marks its workers as daemons, which may not have children; ours end with the worker (see child._detach)
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    isolation = _isolation(limits, preload)
    running = isolation.start(job)
    wait([running.future])
    return isolation.finish(running)


@functools.cache
def _isolation(limits: Limits, preload: tuple[str, ...]) -> Isolation:
    return Isolation(limits, preload)


def version() -> str:
    """The mibench of this worker."""
    return mibench.__version__

"""Trials in this very process: for estimators and tasks that are objects of it, and that no other could rebuild."""

import socket
import time
from collections.abc import Generator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mibench import trial as trials_room
from mibench.engine import child
from mibench.engine.devices import Slot
from mibench.engine.parcels import Finished
from mibench.trial import Trial


def run(trials: Iterable[Trial], slot: Slot) -> Generator[Finished]:
    """Run the trials one by one; yields each one's row as it ends. Nothing here can be stopped from outside."""
    for trial in trials:
        started, started_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="milliseconds")
        threads = child.usable(trial, slot)
        with child.threads(threads):
            result, answer = trials_room.run(trial, threads)
        curves, pictures, flags = child.beside(answer)
        extra: dict[str, Any] = {
            "wall_seconds": time.perf_counter() - started,
            "device_name": slot.device.model(),
            "threads": threads,
            "started_at": started_at,
            "host": socket.gethostname(),
            "flags": ",".join(filter(None, (result.flags, *flags))),
        }
        yield Finished(replace(result, **extra), curves, pictures)

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
        with child.threads(slot.threads):
            result, estimate = trials_room.run(trial, slot.threads)
        extra: dict[str, Any] = {
            "wall_seconds": time.perf_counter() - started,
            "device_name": slot.device.model(),
            "threads": slot.threads,
            "started_at": started_at,
            "host": socket.gethostname(),
        }
        yield Finished(replace(result, **extra), estimate.curve if estimate else ())

"""How far a run has come, and which of its rows are not of today's sources."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mibench import runs, store
from mibench.errors import UsageError, one_line


def standing(folder: Path, known: Mapping[str, store.Known]) -> tuple[int, dict[str, int]]:
    """How many trials of a folder's last request have no row yet, and by estimator how many of its rows were made by
    other sources or data than today's. Nothing is written.

    Raises UsageError or NothingMatched where that cannot be told here.
    """
    settings = replace(runs.kept(folder), output=None, rerun="none")
    prepared = runs.prepare(settings, make_folder=False)
    here = [device.name for device in prepared.devices]
    there = store.last_asked(store.read_run(folder)).get("devices", here)
    if here != there:  # ids differ by kind of device
        raise UsageError(f"it ran on {one_line(str(there), 80)}, and here is {here}")
    prepared.known = dict(known)
    return prepared.survey(), prepared.stale

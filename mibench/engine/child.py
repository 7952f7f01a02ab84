"""What the process of a trial does: it sets its own limits, loads the plugins anew, and writes rows as they end."""

import base64
import contextlib
import ctypes
import faulthandler
import functools
import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from mibench import catalogue, trial
from mibench.answers import Answer
from mibench.engine import modules
from mibench.engine.devices import Slot
from mibench.engine.parcels import GOOD, Curves, Parcel, unpack
from mibench.errors import one_line
from mibench.interface import Outcome
from mibench.result import Result

PARCEL, ROWS, LOG = "parcel", "rows", "log"
"""Files in a process's folder: what it shall do, the rows so far, and what it printed."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")

ALLOWANCE = 120.0
"""Seconds that a process may take to load its libraries, and to compile kernels, before its time limit counts."""

LARGEST_PICTURES = 8 << 20
"""Bytes of a trial's pictures, compressed; larger ones are left out, and the row is flagged `no-pictures`."""

NO_ROOM = 78
"""Exit code of a process that could not write into its folder."""


def begun(folder: Path) -> bool:
    """Whether a process is past its preparations, so that its clock runs."""
    with contextlib.suppress(OSError):
        return (folder / ROWS).stat().st_size > 0
    return False


def command(folder: str, way: str = "main") -> list[str]:
    """The command line of a fresh interpreter with a folder's work; it finds the same modules as this one."""
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    start = f"import sys; sys.path[:] = {sys.path!r}; from mibench.engine import child; child.{way}({folder!r})"
    return [sys.executable, *flags, "-c", start]


def main(folder: str) -> None:
    """Make the trials of a folder's parcel, and end the process."""
    _detach()
    _make(Path(folder), used=False)
    os._exit(0)


def serve(folder: str) -> None:
    """The same for one folder after another, which stdin names; a line to stdout when another may come.

    After a fault, or beside processes that were left running, none may: the next one gets a process of its own.
    """
    requests, events = os.fdopen(os.dup(0)), os.dup(1)
    _detach()
    used = False
    while folder and _make(Path(folder), used) and not _has_children():
        used = True
        os.write(events, b"\n")
        folder = requests.readline().strip()
    os._exit(0)


def _has_children() -> bool:
    return any(Path(task, "children").read_text() for task in Path("/proc/self/task").iterdir())


def _make(place: Path, used: bool) -> bool:
    """Make the trials of a folder's parcel; whether they all came to an end of their own."""
    try:
        _print_into(place / LOG)
        rows = os.open(place / ROWS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        parcel: Parcel = pickle.loads((place / PARCEL).read_bytes())
    except OSError:
        os._exit(NO_ROOM)
    try:
        good = work(parcel, rows, used)
    except BaseException as error:  # also what a plugin raises when it is loaded, SystemExit too
        traceback.print_exc()
        _write(rows, {"failure": _said(error), "used": used})
        good = False
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(OSError):  # a trial may have closed it
        os.close(rows)
    return good


def work(parcel: Parcel, rows: int, used: bool = False) -> bool:
    """Make the trials; each one's row, curves and pictures are a line in the file `rows` as soon as it is known.

    `used` says that this process made others before. Returns whether all trials came to an end of their own.
    """
    started, started_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="milliseconds")
    slot = parcel.slot
    if slot.visible is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = slot.visible
    if parcel.memory is not None and not slot.device.accelerator and sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (parcel.memory, parcel.memory))
    for name in THREADS:
        os.environ[name] = str(slot.threads)
    found = catalogue.discover(parcel.plugins, only=frozenset(parcel.wanted))
    trials = [unpack(plain, found, parcel.watched, parcel.verify) for plain in parcel.trials]
    modules.load(name for name in parcel.modules if not (slot.device.accelerator and name.endswith(".warm")))
    count = usable(trials[0], slot)
    with threads(count):
        slot.device.touch()
        _write(rows, {"used": used})  # from here on the time limit counts
        good, left = True, {made.id: made for made in trials}
        wall, since = 0.0, started
        for result, answer in trial.run_many(trials, count):
            now = time.perf_counter()
            wall, since = wall + (now - since) / len(left), now  # shared by those that have no row yet
            extra = {
                "wall_seconds": wall,
                "peak_mb": slot.device.peak(),
                "device": slot.name,
                "device_name": slot.device.model(),
                "dtype": slot.device.dtype,
                "threads": count,
                "started_at": started_at,
                "host": socket.gethostname(),
            }
            line = _storable(left.pop(result.trial_id), result, answer, extra)
            good = good and line["row"]["status"] in GOOD
            _write(rows, line)
    slot.device.release()
    return good


def usable(made: trial.Trial, slot: Slot) -> int:
    """How many threads a trial may use: an application one, so that its number is the same beside however many."""
    return 1 if made.point.kind == "application" else slot.threads


def _storable(made: trial.Trial, result: Result, answer: Answer | None, extra: dict[str, Any]) -> Any:
    """The row, its curves and pictures, of values that JSON holds; else a row that says which kind of value it was."""
    try:
        curves, pictures, flags = beside(answer)
        row = {**asdict(result), **extra}
        row["flags"] = ",".join(filter(None, (row["flags"], *flags)))
        json.dumps(row, allow_nan=False)
    except Exception as error:
        traceback.print_exc()
        text = f"{made.choice.name} returned what cannot be stored: {_said(error)}"
        return {"row": {**asdict(made.row("error", error=text)), **extra}, "curves": [], "pictures": ""}
    return {"row": row, "curves": curves, "pictures": base64.b64encode(pictures).decode()}


def beside(answer: Answer | None) -> tuple[Curves, bytes, tuple[str, ...]]:
    """What an answer leaves beside its row: curves, the bytes of an NPZ file of pictures, and flags for the row."""
    if isinstance(answer, Outcome):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:  # savez takes no array called `file`
            for name, picture in answer.pictures.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, picture, allow_pickle=False)
        size = file.tell() if answer.pictures else 0
        curves = {name: list(curve) for name, curve in answer.curves.items()}
        return (
            curves,
            file.getvalue() if 0 < size <= LARGEST_PICTURES else b"",
            ("no-pictures",) * (size > LARGEST_PICTURES),
        )
    return [(int(step), float(value)) for step, value in answer.curve] if answer else [], b"", ()


def _said(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _write(rows: int, line: dict[str, Any]) -> None:
    text = json.dumps(line, default=str).encode() + b"\n"
    try:
        while text:
            text = text[os.write(rows, text) :]
    except OSError:
        os._exit(NO_ROOM)


def _detach() -> None:
    """Own session, no terminal; its orphans are its own; it ends with its parent."""
    with contextlib.suppress(OSError, AttributeError):
        os.setsid()
    if sys.platform == "linux":
        system = ctypes.CDLL(None)
        system.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        system.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    else:
        threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    _put(os.open(os.devnull, os.O_RDONLY), 0)


def _put(handle: int, *places: int) -> None:
    """Let these handles be the one given, which was opened for them alone; it may be one that had been closed."""
    for place in places:
        os.dup2(handle, place)
    if handle > 2:
        os.close(handle)


def _print_into(path: Path) -> None:
    _put(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 1, 2)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    faulthandler.enable(sys.stderr)


def _end_with_parent(stdin: int) -> None:
    os.read(stdin, 1)
    os._exit(1)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """No library that is loaded may use more threads than this; `THREADS` is for those that are loaded later."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    with pools().limit(limits=count):
        yield


def pools() -> threadpoolctl.ThreadpoolController:
    """The thread pools of what is loaded; to look for them takes as long as all else before a quick trial."""
    have_none = sys.stdlib_module_names
    return _pools(
        frozenset(
            name for name in sys.modules if name.partition(".")[0] not in have_none and not name.startswith("mibench")
        )
    )


@functools.lru_cache(maxsize=1)
def _pools(loaded: frozenset[str]) -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()

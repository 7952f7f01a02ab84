"""One process a group of trials, with hard limits; whatever happens to it becomes rows, never an exception."""

import base64
import contextlib
import itertools
import json
import os
import pickle
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mibench import fingerprint
from mibench.engine import child
from mibench.engine.parcels import GOOD, Limits, Outcome, Parcel, Row
from mibench.engine.processes import End, Keep, end_marked, for_this_system
from mibench.errors import EngineError

LOG_BYTES = 1 << 20
"""Of a longer log the end is kept: that is where the failure stands."""

PREFIX = "mibench-"
LOCK = "owner"
"""The file that the process of a run holds locked in its temporary folder, for as long as it lives."""


@dataclass
class Underway:
    """A parcel on its way."""

    parcel: Parcel
    folder: Path
    future: "Future[End]"
    started: float = field(default_factory=time.monotonic)
    read: int = 0
    """Bytes of its rows that were taken so far."""
    used: bool = False
    """Whether its process made others before, as far as it said so."""


class Isolation:
    """Starts processes on this machine and tells what became of them."""

    def __init__(self, limits: Limits, preload: Sequence[str] = ()):
        self.limits = limits
        sweep()
        self.folder, self._lock = _own_folder()
        self.processes = for_this_system(self.folder, ["mibench.engine.child", "numpy.random", *preload])
        self._numbers = itertools.count()
        self._oom_kills = _oom_kills()

    def start(self, parcel: Parcel) -> Underway:
        """Start a process on the parcel. Raises nothing that its trials could cause."""
        folder = self.folder / str(next(self._numbers))
        try:
            folder.mkdir(parents=True)
            (folder / child.PARCEL).write_bytes(pickle.dumps(parcel))
        except OSError as error:
            raise _no_room(self.folder, error.strerror) from error
        limit = None if self.limits.timeout is None else self.limits.timeout * len(parcel.trials)
        future = self.processes.start(folder, self._keep(parcel, folder), limit, self.limits.memory)
        return Underway(parcel, folder, future)

    def _keep(self, parcel: Parcel, folder: Path) -> Keep | None:
        """For which other parcels an accelerator's process is good, since waking a driver takes seconds.

        For none if it must be alone, if memory is limited, or if files are not those that it may have loaded before.
        """
        slot = parcel.slot
        if not slot.device.accelerator:
            return None
        alone = parcel.alone or self.limits.memory is not None or fingerprint.changed(parcel.watched)
        return f"{slot.name} {slot.visible}", str(folder) if alone else repr((parcel.plugins, parcel.wanted))

    def rows(self, one: Underway) -> Iterator[Row]:
        """The rows that came since they were last asked for, up to the first that does not end well.

        Whether that is a fault of its own shows when its process has ended.
        """
        for line, size in self._lines(one):
            if "failure" in line or ("row" in line and line["row"]["status"] not in GOOD):
                return
            one.read += size
            one.used = one.used or line.get("used", False)
            if "row" in line:
                yield _row(line)

    def finish(self, one: Underway) -> Outcome:
        """What became of a parcel whose process has ended."""
        end = one.future.result(timeout=0)
        seconds = (time.monotonic() - one.started) / len(one.parcel.trials)
        lines = [line for line, _ in self._lines(one)]
        rows = tuple(_row(line) for line in lines if "row" in line)
        told = next((line["failure"] for line in lines if "failure" in line), None)
        used = any(line.get("used") for line in lines) or one.used
        failure = ("error", told) if told else self._failure(end)
        log = _tail(one.folder / child.LOG)
        shutil.rmtree(one.folder, ignore_errors=True)
        if end.code == child.NO_ROOM and end.why is None and not self._has_room():  # else the trial's own doing
            raise _no_room(self.folder, "a trial's process could not write there")
        return Outcome(rows, failure, log, seconds, socket.gethostname(), lost=end.why == "lost", used=used)

    def _has_room(self) -> bool:
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(bytes(1 << 16))
        except OSError:
            return False
        return True

    def stop(self, one: Underway) -> None:
        """End a parcel's process and all that it started."""
        self.processes.stop(one.future)

    def close(self) -> None:
        """End what still runs, children of children too."""
        self.processes.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _lines(self, one: Underway) -> Iterator[tuple[dict[str, Any], int]]:
        """What the process wrote and was not taken yet, and the bytes of it."""
        with contextlib.suppress(OSError), (one.folder / child.ROWS).open("rb") as file:
            file.seek(one.read)
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line), len(line)

    def _failure(self, end: End) -> tuple[str, str] | None:
        if end.why == "timeout":
            return "timeout", f"stopped after {self.limits.timeout:g} s (--timeout)"
        if end.why == "memory":
            return "oom", "more memory than --memory allows"
        if end.why == "lost":
            return "crashed", "the process that starts trials ended while it ran"
        if end.why:
            return "crashed", end.why
        if end.code == 0:
            return None
        if end.code < 0:
            name = signal.Signals(-end.code).name if -end.code in set(signal.Signals) else f"signal {-end.code}"
            if name == "SIGKILL" and (kills := _oom_kills()) > self._oom_kills:
                self._oom_kills = kills
                return "oom", "killed by the system: out of memory"
            return "crashed", f"its process was killed by {name}"
        return "crashed", f"its process exited with code {end.code} before it had a result"


def _row(line: Mapping[str, Any]) -> Row:
    return line["row"], line["curves"], base64.b64decode(line["pictures"])


def _own_folder() -> tuple[Path, int | None]:
    """A temporary folder that is ours for as long as this process lives, and its lock where there are locks."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    except OSError as error:
        raise _no_room(Path(tempfile.gettempdir()), error.strerror) from error
    try:
        import fcntl
    except ImportError:  # Windows
        return folder, None
    try:
        lock = os.open(folder / f".{LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(folder / f".{LOCK}", folder / LOCK)  # it is never seen unlocked
    except OSError as error:
        raise _no_room(folder, error.strerror) from error
    return folder, lock


def sweep() -> None:
    """Remove temporary folders of runs that were killed, and end what these left running."""
    try:
        import fcntl
    except ImportError:
        return
    with contextlib.suppress(OSError):
        for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
            with contextlib.suppress(OSError):
                handle = os.open(lock, os.O_RDWR)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its owner lives
                    end_marked(lock.parent)
                    shutil.rmtree(lock.parent, ignore_errors=True)
                finally:
                    os.close(handle)


def _no_room(folder: Path, why: str | None) -> EngineError:
    return EngineError(
        f"cannot write to the temporary folder {folder}: {why}; set TMPDIR to another (rows already written are kept)"
    )


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            return file.read()
    except OSError:
        return b""


def _oom_kills() -> int:
    """How often the kernel has killed for memory since it started; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0

"""One process a group of trials, with hard limits; whatever happens to it becomes rows, never an exception."""

import contextlib
import functools
import itertools
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from pathlib import Path
from types import ModuleType
from typing import Any

import pebble
from pebble import ProcessExpired

from mibench.engine import child
from mibench.engine.job import Job, Limits, Outcome

START_ALLOWANCE = 30.0
"""Seconds that a spawned process may take to import its libraries before its time limit counts."""

LOG_BYTES = 1 << 20
"""Of a longer log the end is kept: that is where the failure stands."""

LAUNCHING = threading.Lock()
"""Held while a process starts, because `_no_main` hides the main module from all threads."""

pebble.CONSTS.term_timeout = 1.0  # a process that ignores SIGTERM is killed after a second
pebble.CONSTS.sleep_unit = 0.02


@dataclass
class Running:
    """A job on its way."""

    job: Job
    folder: Path
    future: "Future[Any]"
    started: float = field(default_factory=time.monotonic)


class Isolation:
    """Starts processes on this machine and tells what became of them."""

    def __init__(self, limits: Limits, preload: Sequence[str] = ()):
        self.limits = limits
        self.preload = ["mibench.engine.isolation", "numpy.random", *preload]
        self.folder = Path(tempfile.mkdtemp(prefix="mibench-"))
        self.running: list[Running] = []
        self._numbers = itertools.count()
        self._oom_kills = _oom_kills()

    def start(self, job: Job) -> Running:
        """Start a process on the job. Raises nothing that its trials could cause."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        context = _context(job.slot.kind, tuple(self.preload))
        limit = None
        if self.limits.timeout is not None:
            limit = self.limits.timeout * len(job.trials)
            if context.get_start_method() == "spawn":
                limit += START_ALLOWANCE
        # Pebble documents mp_context and reads context (5.2); both, so that either reading gets it
        how: Any = {"daemon": False, "timeout": limit, "context": context, "mp_context": context}
        launch = pebble.concurrent.process(**how)(child.work)
        with LAUNCHING, _no_main():
            future = launch(job, str(folder))
        running = Running(job, folder, future)
        self.running.append(running)
        return running

    def finish(self, running: Running) -> Outcome:
        """What became of a job whose process has ended."""
        self.running.remove(running)
        seconds = (time.monotonic() - running.started) / len(running.job.trials)
        _kill_group(running.folder)
        log = _tail(running.folder / "log")
        rows, failure = (), None
        try:
            rows = running.future.result(timeout=0)
        except TimeoutError:
            failure = ("timeout", f"stopped after {self.limits.timeout:g} s (--timeout)")
        except ProcessExpired as error:
            failure = self._death(error.exitcode)
        except BaseException as error:
            log += f"\n{getattr(error, 'traceback', '')}".encode()
            failure = ("error", f"{type(error).__name__}: {' '.join(str(error).split())}")
        shutil.rmtree(running.folder, ignore_errors=True)
        return Outcome(tuple(rows), failure, log, seconds, socket.gethostname())

    def _death(self, exitcode: int | None) -> tuple[str, str]:
        if exitcode == child.OUT_OF_MEMORY:
            return "oom", "more memory than --memory allows"
        if exitcode is not None and exitcode < 0:
            name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
            if name == "SIGKILL" and (kills := _oom_kills()) > self._oom_kills:
                self._oom_kills = kills
                return "oom", "killed by the system: out of memory"
            return "crashed", f"its process was killed by {name}"
        return "crashed", f"its process exited with code {exitcode} before it had a result"

    def close(self) -> None:
        """Kill what still runs, children of children too."""
        for running in self.running:
            _kill_group(running.folder)
        _, starting = wait([running.future for running in self.running], timeout=1.0)
        for future in starting:  # too young to have said its process number
            future.cancel()
        self.running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def _context(kind: str, preload: tuple[str, ...]) -> BaseContext:
    """A forkserver that has the libraries loaded; a fresh interpreter for accelerators and where there is no fork."""
    if kind == "cpu" and "forkserver" in multiprocessing.get_all_start_methods() and sys.platform == "linux":
        from mibench.engine.forkserver import Context  # not importable on Windows

        context = Context()
        context.set_forkserver_preload(list(preload))
        return context
    return multiprocessing.get_context("spawn")


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Children must not import the caller's script: they need nothing of it, and it may start a run of its own."""
    real = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = real


def _kill_group(folder: Path) -> None:
    """End what the trial's process started itself."""
    with contextlib.suppress(OSError, ValueError):
        os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)


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

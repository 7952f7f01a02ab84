"""Processes for folders of work, seen from the process of the run: start them, stop them, hear of their ends."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from mibench.engine import child
from mibench.engine.child import ALLOWANCE
from mibench.errors import EngineError

OWNER = "MIBENCH_FOLDER"
"""The environment variable that every process of a run carries, and all that those start."""

Keep = tuple[str, str]
"""Where a process is, and which work it may be given: one that has ended a folder's may get another's of the same."""

PATIENCE = 3.0
"""Seconds that the server may take to end everything."""


@dataclass(frozen=True)
class End:
    """How a process ended: its exit code, or minus a signal; `why` if it was ended for a reason of ours.

    `why` is "timeout", "memory", "stopped", "lost" (with the server) or a sentence.
    """

    code: int
    why: str | None = None


class Processes(Protocol):
    """What starts processes and ends them."""

    def start(self, folder: Path, keep: Keep | None, limit: float | None, memory: int | None) -> "Future[End]":
        """A process for the folder's work, with limits in seconds and bytes; not a forked one if it is to be kept."""
        ...

    def stop(self, future: "Future[End]") -> None:
        """End a process and all that it started."""
        ...

    def close(self) -> None:
        """End every process and all that they started."""
        ...


def for_this_system(folder: Path, modules: Sequence[str]) -> Processes:
    """By a server of our own on Linux; one by one elsewhere."""
    return Served(folder, modules) if sys.platform == "linux" else Single(folder)


class Served:
    """Processes that `mibench.engine.server` starts; if that dies it is started again."""

    def __init__(self, folder: Path, modules: Sequence[str]):
        self.folder, self.modules = folder, list(modules)
        self.lock = threading.RLock()
        self.server: subprocess.Popen[bytes] | None = None
        self.numbers = self.servers = 0
        self.pending: dict[int, Future[End]] = {}
        self.asked: set[int] = set()
        """Numbers that the server of now was given; an older one's listener keeps its own."""

    def start(self, folder: Path, keep: Keep | None, limit: float | None, memory: int | None) -> "Future[End]":
        """See `Processes`."""
        future: Future[End] = Future()
        with self.lock:
            self.numbers += 1
            self.pending[self.numbers] = future
            order = {"number": self.numbers, "folder": str(folder), "keep": keep, "limit": limit, "memory": memory}
            while not self._ask(order):
                self.server = None  # it has just died: the others under way are told by `_listen`
        return future

    def stop(self, future: "Future[End]") -> None:
        """See `Processes`."""
        with self.lock:
            for number, one in self.pending.items():
                if one is future:
                    self._ask({"number": number})

    def _ask(self, order: dict[str, Any]) -> bool:
        if self.server is None:
            self._begin()
        assert self.server is not None
        assert self.server.stdin is not None
        try:
            self.server.stdin.write(json.dumps(order).encode() + b"\n")
            self.server.stdin.flush()
        except OSError:
            return False
        self.asked.add(order["number"])
        return True

    def _begin(self) -> None:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        start = (
            f"import sys; sys.path[:] = {sys.path!r}; from mibench.engine import server; "
            f"server.main({str(self.folder)!r}, {self.modules!r})"
        )
        self.asked = set()
        self.servers += 1
        mark = self.folder / f"server-{self.servers}"  # so that what one leaves is told from the next one and its own
        try:
            self.server = subprocess.Popen(
                [sys.executable, *flags, "-c", start],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                env={**os.environ, OWNER: str(mark)},
            )  # fmt: skip
        except OSError as error:
            raise _no_process(error) from error
        threading.Thread(target=self._listen, args=(self.server, self.asked, mark), daemon=True).start()

    def _listen(self, server: "subprocess.Popen[bytes]", asked: set[int], mark: Path) -> None:
        """Hand on what one server tells, until it is gone; what it was asked for and never told is lost."""
        assert server.stdout is not None
        ready = False
        for line in server.stdout:
            event = json.loads(line)
            ready = True
            if "number" in event:
                with self.lock:
                    future = self.pending.pop(event["number"])
                future.set_result(End(event["code"], event["why"]))
        server.wait()
        with self.lock:
            if not ready:
                self.modules = []  # one of them ended it: let each trial load its own
            if self.server is server:
                self.server = None
            lost = [self.pending.pop(number) for number in asked & self.pending.keys()]
        if lost:
            end_marked(mark)
        for future in lost:
            future.set_result(End(server.returncode, "lost"))

    def close(self) -> None:
        """See `Processes`. Futures of what was under way are not resolved by their own ends."""
        with self.lock:
            server, self.server = self.server, None
        if server is None:
            return
        assert server.stdin is not None
        with contextlib.suppress(OSError):
            server.stdin.close()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # it still loads libraries, or something below it cannot be killed
            server.kill()
            server.wait()
            end_marked(self.folder)


class Single:
    """Processes of fresh interpreters, a thread to watch each; what outlives one is found by its environment."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.under_way: dict[Future[End], threading.Event] = {}

    def start(self, folder: Path, keep: Keep | None, limit: float | None, memory: int | None) -> "Future[End]":
        """See `Processes`. None is kept here."""
        future: Future[End] = Future()
        try:
            process = subprocess.Popen(
                child.command(str(folder)), stdin=subprocess.PIPE, env={**os.environ, OWNER: str(folder)}
            )
        except OSError as error:
            raise _no_process(error) from error
        stopped = self.under_way[future] = threading.Event()
        threading.Thread(
            target=self._watch, args=(process, folder, future, stopped, limit, memory), daemon=True
        ).start()
        return future

    def _watch(
        self,
        process: "subprocess.Popen[bytes]",
        folder: Path,
        future: "Future[End]",
        stopped: threading.Event,
        limit: float | None,
        memory: int | None,
    ) -> None:
        why, deadline = None, None
        latest = None if limit is None else time.monotonic() + limit + ALLOWANCE
        while process.poll() is None:
            now = time.monotonic()
            if deadline is None and limit is not None and child.begun(folder):
                deadline = now + limit
            if stopped.wait(0.02):
                why = "stopped"
            elif latest is not None and now > (deadline or latest):
                why = "timeout"
            elif memory is not None and _used(process.pid) > memory:
                why = "memory"
            if why:
                process.kill()
                process.wait()
        end_marked(folder)
        assert process.stdin is not None
        process.stdin.close()
        self.under_way.pop(future, None)
        future.set_result(End(process.returncode, why))

    def stop(self, future: "Future[End]") -> None:
        """See `Processes`."""
        if future in self.under_way:
            self.under_way[future].set()

    def close(self) -> None:
        """See `Processes`."""
        under_way = dict(self.under_way)
        for stopped in under_way.values():
            stopped.set()
        for future in under_way:
            with contextlib.suppress(TimeoutError):
                future.result(PATIENCE)


def _no_process(error: OSError) -> EngineError:
    return EngineError(f"no process can be started here: {error.strerror}; rows already written are kept")


def _used(pid: int) -> int:
    """Bytes in RAM of a process and all below it."""
    total = 0
    with contextlib.suppress(psutil.Error):
        above = psutil.Process(pid)
        for member in [above, *above.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += member.memory_info().rss
    return total


def end_marked(folder: Path) -> None:
    """End every process that carries a folder, or one in it, in its environment, and what these start meanwhile."""
    for _ in range(5):
        marked = [process for process in psutil.process_iter() if folder in _owners(process)]
        for process in marked:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not marked:
            return
        psutil.wait_procs(marked, timeout=1)


def _owners(process: psutil.Process) -> list[Path]:
    try:
        named = process.environ().get(OWNER) if process.pid != os.getpid() else None
    except (psutil.Error, OSError):
        return []
    return [Path(named), *list(Path(named).parents)[:2]] if named else []

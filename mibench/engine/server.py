"""The process that starts trials' processes on Linux, watches them, and ends all that they leave behind.

It has the libraries loaded, so that a fork has them too. Its own children are trials; orphans of a trial come to the
trial, and after its end to this process (PR_SET_CHILD_SUBREAPER): a child that is no trial is a dead trial's, whatever
session it made for itself. It reads requests from stdin and writes what ended to stdout, a JSON line each, and ends,
with everything, when stdin closes: however the process of the run ends, that happens.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.engine import child, modules

TICK = 0.05
"""Seconds between looks at limits."""

DEATHS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is deaf here: a trial may send it to its parent, a terminal to everyone."""

PAGE = os.sysconf("SC_PAGE_SIZE")


def reap_orphans() -> None:
    """Let orphans below this process become its children, not init's."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def children(pid: int) -> set[int]:
    """The processes whose parent this one is."""
    found: set[int] = set()
    with contextlib.suppress(OSError, ValueError):  # gone
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found.update(map(int, file.read().split()))
    return found


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for member in found:
        found += children(member)
    return found


def resident(pids: Sequence[int], shared: bool) -> int:
    """Bytes in RAM; pages that several processes share count for each of them, or else in parts."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):  # gone
            if shared:
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            else:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) << 10 for line in rollup if line.startswith("Pss:"))
    return total


@dataclass
class Watched:
    """A trial's process and its limits."""

    number: int
    folder: Path
    started: float
    limit: float | None
    memory: int | None
    deadline: float | None = None
    why: str | None = None

    def over(self, pid: int, now: float) -> str | None:
        """The limit that it passed."""
        if self.limit is not None and self.deadline is None:
            if child.begun(self.folder):
                self.deadline = now + self.limit
            elif now > self.started + self.limit + child.ALLOWANCE:
                return "timeout"
        if self.deadline is not None and now > self.deadline:
            return "timeout"
        if self.memory is not None:
            whole = tree(pid)
            if resident(whole, shared=True) > self.memory and (used := resident(whole, shared=False)) > self.memory:
                with contextlib.suppress(OSError), (self.folder / child.LOG).open("a", encoding="utf-8") as log:
                    log.write(f"mibench: {used >> 20} MB in use by {len(whole)} processes, over --memory\n")
                return "memory"
        return None


class Server:
    """The loop: requests in, ends out."""

    def __init__(self, requests: int, events: int):
        self.requests, self.events = requests, events
        self.trials: dict[int, Watched] = {}
        self.own = children(os.getpid())  # of libraries that were loaded
        self.woken, wake = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.private = (requests, events, self.woken, wake)

    def serve(self) -> None:
        """Until stdin closes."""
        self.tell(ready=True)
        waiting = b""
        while True:
            limited = any(one.limit is not None or one.memory is not None for one in self.trials.values())
            ready, _, _ = select.select([self.requests, self.woken], [], [], TICK if limited else None)
            if self.woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.woken, 4096)
            if self.requests in ready:
                read = os.read(self.requests, 1 << 16)
                if not read:
                    return
                *lines, waiting = (waiting + read).split(b"\n")
                for line in lines:
                    self.asked(**json.loads(line))
            self.enforce()
            self.reap()

    def tell(self, **event: Any) -> None:
        """One line to the process of the run."""
        os.write(self.events, json.dumps(event).encode() + b"\n")

    def asked(self, number: int, folder: str = "", **how: Any) -> None:
        """Start a process for a folder, or end one."""
        if not folder:
            for pid, one in self.trials.items():
                if one.number == number:
                    self.kill(pid, "stopped")
            return
        try:
            pid = self.spawn(folder) if how["fresh"] else self.fork(folder)
        except OSError as error:
            self.tell(number=number, code=1, why=f"its process could not be started: {error.strerror}")
            return
        self.trials[pid] = Watched(number, Path(folder), time.monotonic(), how["limit"], how["memory"])

    def fork(self, folder: str) -> int:
        """A process that has what is loaded here."""
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, *DEATHS):
                    signal.signal(number, signal.SIG_DFL)
                for handle in self.private:
                    os.close(handle)
                child.main(folder)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        return pid

    def spawn(self, folder: str) -> int:
        """A fresh interpreter, for what cannot be forked."""
        return os.posix_spawn(sys.executable, child.command(folder), os.environ, setsigdef=DEATHS)

    def enforce(self) -> None:
        """End what passed a limit."""
        now = time.monotonic()
        for pid, one in self.trials.items():
            if one.why is None and (passed := one.over(pid, now)):
                self.kill(pid, passed)

    def kill(self, pid: int, why: str) -> None:
        """End a trial's process, at once; what it started goes when it is gone."""
        self.trials[pid].why = why
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)

    def reap(self) -> None:
        """Tell what ended, after all that it left behind has ended too."""
        ended: list[tuple[Watched, int]] = []
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] in self.trials:
                    ended.append((self.trials.pop(found[0]), os.waitstatus_to_exitcode(found[1])))
        if ended:
            self.clear()
        for one, code in ended:
            self.tell(number=one.number, code=code, why=one.why)

    def clear(self) -> None:
        """End what dead trials left, and what that leaves."""
        give_up = time.monotonic() + 2
        while (strays := children(os.getpid()) - self.trials.keys() - self.own) and time.monotonic() < give_up:
            for pid in strays:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
            for pid in strays:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)

    def end(self) -> None:
        """End every trial and what it started."""
        self.trials.clear()
        self.clear()


def main(folder: str, names: Sequence[str]) -> None:
    """Serve until stdin closes; then nothing is left, and `folder` neither."""
    requests, events = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what libraries print when they are loaded is talk
    for number in DEATHS:
        signal.signal(number, signal.SIG_IGN)
    reap_orphans()
    modules.load(names)
    sys.stdout.flush()
    server = Server(requests, events)
    try:
        server.serve()
    except BrokenPipeError:  # the process of the run is gone
        pass
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)

"""The process that starts trials' processes on Linux, watches them, and ends all that they leave behind.

It has the libraries loaded, so that a fork has them too. Its own children are trials; orphans of a trial come to the
trial, and after its end to this process (PR_SET_CHILD_SUBREAPER): a child that is no trial is a dead trial's, whatever
session it made for itself. It reads requests from stdin and writes what ended to stdout, a JSON line each, and ends,
with everything, when stdin closes: however the process of the run ends, that happens.
"""

import contextlib
import ctypes
import json
import math
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

IDLE = 60.0
"""Seconds that an interpreter without work is kept: it holds a part of a GPU's memory."""

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


@dataclass
class Kept:
    """A fresh interpreter that serves folder after folder, those of one place and of one kind."""

    place: str
    kind: str
    requests: int
    events: int
    deaf: bool = False
    idle_since: float = math.inf

    def hand(self, folder: str) -> bool:
        """Give it another folder; False if it is gone."""
        try:
            os.write(self.requests, folder.encode() + b"\n")
        except OSError:
            return False
        self.idle_since = math.inf
        return True

    def close(self) -> None:
        """Let go of it: it ends when it reads on."""
        os.close(self.requests)
        os.close(self.events)


class Server:
    """The loop: requests in, ends out."""

    def __init__(self, requests: int, events: int):
        self.requests, self.events = requests, events
        self.trials: dict[int, Watched] = {}
        self.kept: dict[int, Kept] = {}
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
            wait = TICK if limited else IDLE if self.kept else None
            serving = {one.events: pid for pid, one in self.kept.items() if not one.deaf}
            ready, _, _ = select.select([self.requests, self.woken, *serving], [], [], wait)
            if self.woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.woken, 4096)
            for events in serving.keys() & set(ready):
                self.served(serving[events])
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
            pid = self.interpreter(folder, *how["keep"]) if how["keep"] else self.fork(folder)
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
                for one in self.kept.values():
                    one.close()
                child.main(folder)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        return pid

    def interpreter(self, folder: str, place: str, kind: str) -> int:
        """One that was not forked: what idles in the place, if it is of the kind, or else a fresh one."""
        for pid, one in list(self.kept.items()):
            if pid not in self.trials and one.place == place:
                if one.kind == kind and not one.deaf and one.hand(folder):
                    return pid
                self.dismiss(pid)
        its_requests, requests = os.pipe()
        events, its_events = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, its_requests, 0), (os.POSIX_SPAWN_DUP2, its_events, 1)]
        try:
            pid = os.posix_spawn(
                sys.executable, child.command(folder, "serve"), os.environ, setsigdef=DEATHS, file_actions=actions
            )
        finally:
            os.close(its_requests)
            os.close(its_events)
        self.kept[pid] = Kept(place, kind, requests, events)
        return pid

    def served(self, pid: int) -> None:
        """An interpreter is done with a folder, and may be given another; or it can tell no more, and will end."""
        one = self.kept[pid]
        one.deaf = not os.read(one.events, 64)
        if not one.deaf and pid in self.trials:
            one.idle_since = time.monotonic()
            self.tell(number=self.trials.pop(pid).number, code=0, why=None)

    def dismiss(self, pid: int) -> None:
        """End an interpreter that is kept, and all that it started with it."""
        self.kept.pop(pid).close()
        self.clear()

    def enforce(self) -> None:
        """End what passed a limit, and interpreters that nobody asked for anything of late."""
        now = time.monotonic()
        for pid in [pid for pid, one in self.kept.items() if now > one.idle_since + IDLE]:
            self.dismiss(pid)
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
                if found[0] in self.kept:
                    self.kept.pop(found[0]).close()
                if found[0] in self.trials:
                    ended.append((self.trials.pop(found[0]), os.waitstatus_to_exitcode(found[1])))
        if ended:
            self.clear()
        for one, code in ended:
            self.tell(number=one.number, code=code, why=one.why)

    def clear(self) -> None:
        """End what dead trials left, and what that leaves."""
        give_up = time.monotonic() + 2
        wanted = self.trials.keys() | self.kept.keys() | self.own
        while (strays := children(os.getpid()) - wanted) and time.monotonic() < give_up:
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
        self.kept.clear()
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
    child.pools()  # looked for once, for all forks
    sys.stdout.flush()
    server = Server(requests, events)
    try:
        server.serve()
    except BrokenPipeError:  # the process of the run is gone
        pass
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)

"""Python's forkserver, with an exit code that every thread may ask for."""

import os
import threading
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.popen_forkserver import Popen
from multiprocessing.process import BaseProcess


class AskedInTurn(Popen):
    """Keeps what the forkserver says of a child's end.

    It says it once, down a pipe. Two threads that read together - pebble's watcher, and whichever thread starts the
    next process, which looks at all that have ended - would leave one with a closed pipe, which reads as exit
    code 255.
    """

    def __init__(self, process: BaseProcess):
        self._asking = threading.Lock()
        super().__init__(process)

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        if flag != os.WNOHANG:
            wait([self.sentinel])
        with self._asking:
            return super().poll()


class _Process(ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Popen:
        return AskedInTurn(process_obj)


class Context(ForkServerContext):
    """`multiprocessing.get_context("forkserver")` whose processes are `AskedInTurn`."""

    Process = _Process

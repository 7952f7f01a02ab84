"""What runs inside the process of a trial. It sets its own limits, loads the plugins anew, and returns rows."""

import contextlib
import ctypes
import faulthandler
import os
import platform
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import threadpoolctl

from mibench import catalogue, trial
from mibench.engine.job import Job, unpack

OUT_OF_MEMORY = 77
"""Exit code of a process that its own watch ended for memory."""


def work(job: Job, folder: str) -> list[tuple[dict[str, Any], list[tuple[int, float]]]]:
    """Run the job's trials; rows and learning curves in order. What is printed goes to `folder`/log."""
    started, started_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="milliseconds")
    _detach(Path(folder))
    if job.slot.visible is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = job.slot.visible
    if job.memory is not None:
        _limit_memory(job.memory, hard=job.slot.kind == "cpu" and sys.platform == "linux")
    with threads(job.slot.threads):
        found = catalogue.discover(job.plugins, only=frozenset(job.wanted))
        trials = [unpack(plain, found, job.verify) for plain in job.trials]
        pairs = trial.run_many(trials, job.slot.threads)
    peak = _peak_mb(job.slot.kind)
    extra = {
        "wall_seconds": (time.perf_counter() - started) / len(trials),
        "peak_mb": peak,
        "device": job.slot.name,
        "device_name": device_name(job.slot.kind),
        "threads": job.slot.threads,
        "started_at": started_at,
        "host": socket.gethostname(),
    }
    rows = []
    for result, estimate in pairs:
        curve = [(int(step), float(value)) for step, value in estimate.curve] if estimate else []
        rows.append(({**asdict(result), **extra}, curve))
    return rows


def _detach(folder: Path) -> None:
    """Own process group, no terminal, output into the log; end with the parent, however that ends."""
    with contextlib.suppress(OSError):
        os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    (folder / "pid").write_text(str(os.getpid()))
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    faulthandler.enable(sys.stderr)


def _limit_memory(limit: int, hard: bool) -> None:
    """The kernel refuses more data pages where it can; a watch ends us elsewhere, and with CUDA's address space."""
    if hard:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    threading.Thread(target=_watch_memory, args=(limit,), daemon=True).start()


def _watch_memory(limit: int) -> None:
    me = psutil.Process()
    while True:
        if me.memory_info().rss > limit:
            print(f"mibench: {me.memory_info().rss / 2**20:.0f} MB in use, over --memory", file=sys.stderr, flush=True)
            os._exit(OUT_OF_MEMORY)
        time.sleep(0.05)


@contextlib.contextmanager
def threads(count: int) -> Any:
    """No library may use more threads than this; OMP_NUM_THREADS is too late once torch or numpy is loaded."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    with threadpoolctl.threadpool_limits(count):
        yield


def _peak_mb(kind: str) -> float | None:
    if kind == "cuda" and "torch" in sys.modules and sys.modules["torch"].cuda.is_initialized():
        return float(sys.modules["torch"].cuda.max_memory_allocated()) / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def device_name(kind: str) -> str:
    if kind == "cuda" and "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        return str(sys.modules["torch"].cuda.get_device_name(0))
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

"""A device: what it is called, what it computes with, and how it is asked; no library is imported for it."""

import contextlib
import gc
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Device:
    """Where numbers are computed: "cpu", "cuda:1", "mps", "cuda" for any of its kind. Plugins are given its name."""

    kind: str
    index: int | None = None

    @classmethod
    def of(cls, name: str) -> "Device":
        """The device of that name; any text has a kind, known or not."""
        kind, _, index = name.partition(":")
        return cls(kind, int(index)) if index.isdecimal() else cls(kind)

    @property
    def name(self) -> str:
        """What plugins, rows and users call it."""
        return self.kind if self.index is None else f"{self.kind}:{self.index}"

    def __str__(self) -> str:
        return self.name

    @property
    def accelerator(self) -> bool:
        """Whether it is no CPU: its driver cannot be shared with a process that was forked."""
        return self.kind != "cpu"

    @property
    def dtype(self) -> str:
        """The widest floating-point numbers that it computes with."""
        return "float32" if self.kind == "mps" else "float64"

    def touch(self) -> None:
        """Wake its driver and its library for matrices, which takes seconds the first time a process does."""
        if self.accelerator and "torch" in sys.modules:
            one = sys.modules["torch"].ones(8, 8, device=self.kind)
            (one @ one).sum().item()
            if self.kind == "cuda":
                sys.modules["torch"].cuda.reset_peak_memory_stats()

    def release(self) -> None:
        """Give back the memory on it that nothing here uses any more."""
        if self.kind == "cuda" and "torch" in sys.modules:
            gc.collect()
            sys.modules["torch"].cuda.empty_cache()

    def peak(self) -> float | None:
        """The most memory in MB that this process has held on it; of a CPU, what the system kept in RAM."""
        if self.kind == "cuda" and "torch" in sys.modules and sys.modules["torch"].cuda.is_initialized():
            return float(sys.modules["torch"].cuda.max_memory_allocated()) / 2**20
        try:
            import resource
        except ImportError:  # Windows
            import psutil

            return float(psutil.Process().memory_info().peak_wset) / 2**20
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)

    def model(self) -> str:
        """What its maker calls it."""
        if self.kind == "cuda" and "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
            return str(sys.modules["torch"].cuda.get_device_name(0))
        with contextlib.suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        return platform.processor() or platform.machine()


CPU = Device("cpu")


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

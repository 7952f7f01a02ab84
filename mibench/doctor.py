"""What a report of a fault needs: versions, devices, threads, caches, plugins, and a self-test of some seconds."""

import importlib.util
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mibench
from mibench import catalogue
from mibench.device import CPU, cores
from mibench.engine import devices
from mibench.provenance import git, version

LIBRARIES = (
    "numpy", "scipy", "pandas", "torch", "numba", "pyarrow", "matplotlib", "typer", "rich", "pluggy", "psutil",
    "threadpoolctl", "jinja2", "scikit-learn", "distributed",
)  # fmt: skip
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "CUDA_VISIBLE_DEVICES")


def facts(paths: bool) -> dict[str, Any]:
    """What is installed and where it runs. Without `paths` nothing that names a user or a folder of theirs."""
    found = catalogue.discover(())
    here = devices.accelerators()
    return {
        "mibench": mibench.__version__,
        "commit": git(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": CPU.model(),
        "cores": cores(),
        "libraries": {name: version(name) or None for name in LIBRARIES},
        "devices": {"cuda": here["cuda"], "mps": here["mps"], "torch built for CUDA": here["built"]},
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
        "settings": {name: os.environ[name] if paths else "set" for name in sorted(os.environ) if _ours(name)},
        "compiled": _compiled(paths),
        "plugins": [
            {"plugin": plugin.label, "offers": [*plugin.estimators, *plugin.tasks], "error": plugin.error}
            | ({"path": str(plugin.path)} if paths else {})
            for plugin in found.plugins
            if plugin.origin != "bundled" or plugin.error
        ],
        "bundled": {"estimators": len(found.estimators), "tasks": len(found.tasks)},
    }


def _ours(name: str) -> bool:
    return name.startswith("MIBENCH_")


def _compiled(paths: bool) -> dict[str, Any]:
    """Whether nearest neighbours and critics are compiled, and where the machine code is kept."""
    if importlib.util.find_spec("numba") is None:
        return {"numba": False, "kept": None}
    from mibench.compiled import cache_folder

    folder = cache_folder(Path(mibench.__file__).parent / "neighbors" / "compiled")
    return {"numba": True, "kept": (folder if paths else True) if folder else False}


@dataclass(frozen=True)
class Found:
    """One trial of the self-test: what was to be seen, what was, and its seconds beside those of a usual machine."""

    name: str
    good: bool
    seen: str
    seconds: float
    usual: float


def self_test() -> list[Found]:
    """Exactness and speed of what numbers come from, against values and seconds that were kept."""
    rng = np.random.default_rng(2018)
    x, noise = rng.standard_normal((2, 2000, 2))
    y = 0.8 * x + 0.6 * noise
    return [
        _timed("nearest neighbours", lambda: _neighbors(x, y), 0.1),
        _timed("a critic", lambda: _critic(x, y), 1.5),
        _timed("a run in processes of its own", _run, 3.0),
    ]


def _timed(name: str, tried: Callable[[], tuple[bool, str]], usual: float) -> Found:
    tried_once = time.perf_counter()
    try:
        good, seen = tried()  # libraries are loaded and kernels compiled
        started = time.perf_counter()
        if good:
            good, seen = tried()
    except Exception as error:
        return Found(name, False, f"{type(error).__name__}: {error}", time.perf_counter() - tried_once, usual)
    return Found(name, good, seen, time.perf_counter() - started, usual)


NEIGHBORS = 0.9938383321221789
"""KSG's estimate of the self-test's sample, k = 3, to rounding."""

CRITIC = 1.0298
"""The bound of a critic after 200 steps on it; another processor rounds, and trains, a little otherwise."""


def _neighbors(x: Any, y: Any) -> tuple[bool, str]:
    from mibench import neighbors

    value, path = float(neighbors.ksg(x, y, k=3).value), neighbors.choose(2, 2).name
    return abs(value - NEIGHBORS) < 1e-12, f"{value!r} by {path}, {NEIGHBORS!r} was kept"


def _critic(x: Any, y: Any) -> tuple[bool, str]:
    from mibench.neural import NeuralEstimator, log_mean_exp

    class Plain(NeuralEstimator):
        def bound(self, joint: Any, marginal: Any) -> Any:
            return joint.mean() - log_mean_exp(marginal)

    value = Plain(steps=200).estimate(x, y, seed=0).value
    return abs(value - CRITIC) < 0.02, f"{value:.4f}, {CRITIC:.4f} was kept"


PLUGIN = """
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class Waits:
    seconds: float = 0.0
    def estimate(self, x, y):
        import time
        time.sleep(self.seconds)
        return 0.0

@dataclass(frozen=True)
class Nothing:
    mi: float = 0.0
    def sample(self, n, rng):
        return rng.standard_normal((2, n, 1))

@hookimpl
def mibench_estimators():
    return {"waits": Waits(), "waits-long": Waits(60.0)}

@hookimpl
def mibench_tasks():
    return {"nothing": [Nothing()]}
"""


def _run() -> tuple[bool, str]:
    """A run in processes of its own: a row that is kept, and one whose process is ended at its timeout."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plugin.py").write_text(PLUGIN, encoding="utf-8")
        rows = mibench.run(
            ["waits", "waits-long"], "nothing", samples=10, seeds=1, output=Path(folder) / "run", timeout="2s",
            plugins=[Path(folder) / "plugin.py"],
        )  # fmt: skip
    seen = dict(zip(rows["estimator"], rows["status"], strict=True))
    return seen == {"waits": "ok", "waits-long": "timeout"}, ", ".join(f"{who}: {what}" for who, what in seen.items())

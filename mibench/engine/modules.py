"""What plugin files import, at their top and inside their functions, and the loading of it before a clock starts."""

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from mibench import fingerprint

PRELOADABLE = {"torch", "scipy", "sklearn", "numba"}
"""Libraries that may be loaded once, before processes are forked: they start no threads that a fork would lose."""


def preload(files: Collection[Path]) -> list[str]:
    """The modules that plugin files import and that are worth having before a process is forked."""
    names = {name for path in files for name in imported(path)}
    ours = f"{fingerprint.HARNESS.name}."
    return sorted(name for name in names if name.partition(".")[0] in PRELOADABLE or name.startswith(ours))


@functools.cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules that a plugin file and the local files it imports need, and what warms them."""
    sources = fingerprint.trace(path)
    names = {name for name in sources.others if name.partition(".")[0] != fingerprint.HARNESS.name}
    ours = {_module(file, fingerprint.HARNESS.parent) for file in sources.files if fingerprint.HARNESS in file.parents}
    used = {room for room in fingerprint.ROOMS if any(f"{name}.".startswith(f"{room}.") for name in ours)}
    warm = {f"{room}.warm" for room in used if _has_warm(room)}
    folder = path.resolve().parent
    local = {file for file in sources.files if folder in file.parents and fingerprint.HARNESS not in file.parents}
    beside = {_module(file, folder) for file in local} - {path.stem}
    return tuple(sorted(names | ours | beside) + sorted(warm))


def load(names: Iterable[str]) -> None:
    """Import what can be imported; what cannot is the trial's to say when it needs it."""
    for name in names:
        above, _, last = name.rpartition(".")
        with contextlib.suppress(Exception):  # a library that is not whole
            if name not in sys.modules and not hasattr(sys.modules.get(above), last):
                if last == "warm" and _cold(_place(above) / "compiled"):
                    said = "compiling kernels, once: half a minute of a core that is free"
                    print(f"mibench: {above}: {said}", file=sys.stderr, flush=True)
                importlib.import_module(name)


def _has_warm(room: str) -> bool:
    """Whether a room has a module that does, when it is imported, what would take long in every process anew."""
    return (_place(room) / "warm.py").is_file()


def _cold(kernels: Path) -> bool:
    """Whether a folder of kernels has none on disk that were compiled from what it says now."""
    if not kernels.is_dir():
        return False
    try:
        from mibench.compiled import cache_folder
    except ImportError:  # without numba nothing is compiled
        return False
    kept = Path(os.environ.get("NUMBA_CACHE_DIR") or cache_folder(kernels))
    return not any(any(kept.rglob(f"{source.stem}.*.nbi")) for source in kernels.glob("*.py"))


def _place(room: str) -> Path:
    return fingerprint.HARNESS.parent.joinpath(*room.split("."))


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

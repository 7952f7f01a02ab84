"""Which source files a plugin's numbers come from, read from its imports without running them."""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mibench

HARNESS = Path(mibench.__file__).parent
ROOMS = (
    "mibench.neural", "mibench.regression", "mibench.neighbors", "mibench.compiled", "mibench.units",
    "mibench.distributions", "mibench.applications", "mibench.copulas", "mibench.counts",
    "mibench.chosen", "mibench.peers",
)  # fmt: skip
"""The parts of mibench that plugins compute with; the rest is told apart by the harness version."""


@dataclass(frozen=True)
class Sources:
    """The files of ours and of the plugin's folder that are imported, and the names of all other modules."""

    files: frozenset[Path]
    others: frozenset[str]


def trace(path: Path) -> Sources:
    """Follow the imports of a file, at its top and inside its functions, as far as they stay local."""
    files: set[Path] = set()
    others: set[str] = set()
    waiting = [path.resolve()]
    while waiting:
        file = waiting.pop()
        if file in files:
            continue
        files.add(file)
        for module in _imports(file):
            found = _local(module, file.parent)
            waiting.extend(found)
            if not found:
                others.add(module)
    return Sources(frozenset(files), frozenset(others))


def _imports(file: Path) -> list[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, OSError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.ImportFrom):
            above = _package(file, node.level) + (f".{node.module}" if node.module else "")
            names += [above, *(f"{above}.{alias.name}" for alias in node.names)]
    return names


def _package(file: Path, level: int) -> str:
    folders = file.parent.parts[: len(file.parent.parts) - level + 1]
    return ".".join(folders[folders.index(HARNESS.name) :]) if HARNESS.name in folders else folders[-1]


def _local(module: str, folder: Path) -> list[Path]:
    if module.startswith(ROOMS):
        place = HARNESS.parent.joinpath(*module.split("."))
    elif module == "mibench" or module.startswith("mibench."):
        return []
    else:
        place = folder.joinpath(*module.split("."))
    return [file.resolve() for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]


def code(paths: Iterable[Path], texts: Iterable[str] = ()) -> str:
    """Twelve hex digits that change when the sources of these plugins, or the harness version, change.

    `texts` are sources that lie in no file of their own.
    """
    files = {file for path in paths for file in trace(path).files}
    sources = [*map(_source, files), *(text.encode(errors="replace") for text in texts)]
    digest = hashlib.sha256(mibench.__version__.encode())
    for content in sorted(hashlib.sha256(source).hexdigest() for source in sources):
        digest.update(content.encode())
    return digest.hexdigest()[:12]


def own(paths: Iterable[Path]) -> dict[str, str]:
    """Checksums, by name, of the files of these plugins that each process loads anew: all but those of `ROOMS`."""
    rooms = [HARNESS.parent.joinpath(*room.split(".")) for room in ROOMS]
    files = {file for path in paths for file in trace(path).files}
    loaded = [file for file in files if not any(file == r.with_suffix(".py") or r in file.parents for r in rooms)]
    return {str(file): hashlib.sha256(_source(file)).hexdigest() for file in sorted(loaded)}


def changed(files: Mapping[str, str]) -> bool:
    """Whether any of the files is another now than it was when `own` looked."""
    return any(hashlib.sha256(_source(Path(name))).hexdigest() != digest for name, digest in files.items())


def _source(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""

"""What has a name, with its fields and the texts they may be: kept beside the stamps of all files it was read from,
for a key that is pressed must not wait until every plugin is loaded."""

import contextlib
import json
import os
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mibench import specs

PLACES = [place for place in sys.path if place not in ("", os.getcwd())]
"""Where packages may be installed: whatever Python searched as it started, but the working directory."""

Texts = Mapping[str, Sequence[str]]
"""Fields by name, each with the texts it may be."""


@dataclass(frozen=True)
class Names:
    """Estimators by name, and tasks and applications by name and point, each with its fields."""

    estimators: Mapping[str, Texts]
    tasks: Mapping[str, Mapping[str, Texts]]


def known(plugins: Sequence[str]) -> Names:
    """All that can be found, `plugins` too: as it was last found where none of the files has changed since."""
    named = [item for item in os.environ.get("MIBENCH_PLUGINS", "").split(os.pathsep) if item]
    places = [*PLACES, *(str(specs.folder_or_file(item, "-p")) for item in [*named, *plugins])]
    question = [sys.executable, __file__, os.environ.get("MIBENCH_DATA_DIR", ""), *places]
    kept = _folder() / f"names-{zlib.crc32(repr(question).encode()):08x}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # whatever is there, it can be found anew
        read = json.loads(kept.read_text(encoding="utf-8"))
        if read["question"] == question and read["stamps"] == _stamps(read["stamps"]):
            return Names(**read["names"])
    names, sources = _found(plugins)
    with contextlib.suppress(OSError):
        _keep(kept, {"question": question, "stamps": _stamps([*places, *sources]), "names": asdict(names)})
    return names


def _found(plugins: Sequence[str]) -> tuple[Names, list[str]]:
    """The names, and every file and folder that another answer would come of."""
    from mibench import catalogue

    found = catalogue.discover(plugins)
    names = Names(
        {name: specs.texts(made) for name, made in found.estimators.items()},
        {sweep: {name: specs.texts(point) for name, point in points.items()} for sweep, points in found.tasks.items()},
    )
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    folders = (str(folder) for folder, _ in catalogue.bundled_folders())
    files = (str(plugin.path) for plugin in found.plugins)
    return names, [*folders, *files, *filter(None, modules)]


def _stamps(paths: Iterable[str]) -> dict[str, Any]:
    """When each was last changed and how long it is; None where it is missing."""

    def stamp(path: str) -> list[int] | None:
        try:
            facts = os.stat(path)
        except (OSError, ValueError):
            return None
        return [facts.st_mtime_ns, facts.st_size]

    return {path: stamp(path) for path in paths}


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "mibench"


def _keep(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(content), encoding="utf-8")
    os.replace(part, path)

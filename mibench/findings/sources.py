"""The published tables there are, and how their numbers were made. This loads no heavy library.

In a checkout they are in `results/published/`, in an installed package in `mibench/published/`. `sources.toml` says of
each source how its numbers were made; the CSV of the same name holds them, every row with its locator and evidence.
"""

import csv
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mibench import specs
from mibench.errors import UsageError

PACKAGE = Path(__file__).parent.parent
FOLDERS = (PACKAGE / "published", PACKAGE.parent / "results" / "published")


@dataclass(frozen=True)
class ModelTable:
    """A published table of trained models, and what of mibench it stands under; see sources.toml."""

    table: str
    """Its `source_locator` in the CSV."""
    points: tuple[str, ...]
    scores: dict[str, str]
    estimators: dict[str, str]
    differs: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Source:
    """A paper or code base whose numbers are kept; the fields are those of sources.toml."""

    name: str
    path: Path
    title: str
    grade: str
    licence: str
    samples: str
    reported: str
    selection: str
    notes: tuple[str, ...]
    estimators: dict[str, str]
    tasks: tuple[str, ...]
    cap: float | None = None
    js_offset: float | None = None
    points: dict[str, str] = field(default_factory=dict)
    like: dict[str, Any] | None = None
    applications: tuple[ModelTable, ...] = ()

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the CSV as they stand."""
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def sources() -> dict[str, Source]:
    """Every source by name."""
    folder = next((folder for folder in FOLDERS if (folder / "sources.toml").is_file()), None)
    if folder is None:
        raise UsageError("the published numbers are not installed; they are in results/published of a checkout")
    kept = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    return {name: _source(name, folder / f"{name}.csv", facts) for name, facts in kept.items()}


def _source(name: str, path: Path, facts: dict[str, Any]) -> Source:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    tables = (ModelTable(**{**table, "points": tuple(table["points"])}) for table in given.pop("applications", ()))
    return Source(name=name, path=path, applications=tuple(tables), **given)


def source(name: str) -> Source:
    """The source of a name. Raises UsageError, with the nearest name, if there is none."""
    found = sources()
    if name not in found:
        raise UsageError(f"there is no published source '{name}'; {specs.nearest(name, found)}")
    return found[name]

"""Rows as they lie on disk: which are sound, and which of those with one id is last."""

import contextlib
import csv
import itertools
import json
import re
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench.errors import Passed
from mibench.result import COLUMNS, from_row

if TYPE_CHECKING:
    import numpy.typing as npt

ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""What a trial's id looks like: it names files too."""

PLACES = {name: index for index, name in enumerate(COLUMNS)}

Row = tuple[Any, ...]
"""The values of a row in the order of the columns."""

Curve = list[tuple[int, float | None]]


@dataclass(frozen=True)
class Known:
    """What a folder knows of a trial without its numbers: enough to decide whether it must run again."""

    status: str
    code: str
    place: tuple[Any, ...]
    """Estimator, task, point, sample size and seed: what a trial is called, whatever its settings."""


def row_files(folder: Path) -> list[Path]:
    """The files of rows of a folder, by name."""
    return sorted(path for path in (folder / "rows").glob("*.jsonl") if path.is_file())


def rows(folder: Path) -> Iterator[Row]:
    """Every sound row of a folder, in no order; a warning says how many lines were passed over, if any were."""
    for path in row_files(folder):
        yield from lines(path)
    if table_alone(folder):
        yield from _table(folder / "trials.csv")


def lines(path: Path) -> Iterator[Row]:
    """The sound rows of a file of JSON lines."""
    damaged, reason, started = 0, "", ""
    for number, line in enumerate(_raw(path)):
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no row")
            if not row.get("sequence"):  # of before there was one
                started = started or _file_start(path)
                row["sequence"] = f"{started}#{number:020}"
            found = from_row(row)
            if not ID.fullmatch(found[PLACES["trial_id"]]):
                raise ValueError("a trial_id that is none")
        except (ValueError, RecursionError) as error:
            if line.strip():
                damaged, reason = damaged + 1, reason or _reason(error)
            continue
        yield found
    if damaged:
        warnings.warn(
            f"{path}: passed over {damaged} damaged line{'s' * (damaged > 1)} ({reason})", Passed, stacklevel=2
        )


def _raw(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        warnings.warn(f"{path}: passed over, it cannot be read ({error.strerror})", Passed, stacklevel=2)


def _reason(error: BaseException) -> str:
    kinds = {json.JSONDecodeError: "no JSON", UnicodeDecodeError: "no JSON", RecursionError: "nested too deeply"}
    return kinds.get(type(error)) or str(error)[:80]


def _file_start(path: Path) -> str:
    """When the first trial in a file began, for rows that do not say which came last."""
    for line in _raw(path):
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
            if isinstance(row, dict) and isinstance(row.get("started_at"), str):
                return str(row["started_at"])
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")


def table_alone(folder: Path) -> bool:
    """Whether trials.csv is all that is left of a run, as where only that was put under version control."""
    table = folder / "trials.csv"
    if row_files(folder) or not table.is_file():
        return False
    with table.open("rb") as file:
        return len(list(itertools.islice(file, 2))) == 2


def _table(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for texts in csv.DictReader(file):
            with contextlib.suppress(ValueError):
                yield from_row({name: _read(name, text) for name, text in texts.items() if name in COLUMNS})


def _read(name: str, text: str | None) -> Any:
    column = COLUMNS[name]
    if column.optional and not text:
        return None
    if text is None:  # the row breaks off
        raise ValueError(f"{name} is missing")
    return column.kind(text)


def last(every: Iterable[Row]) -> list[Row]:
    """Of rows that share an id the one started last."""
    trial, sequence = PLACES["trial_id"], PLACES["sequence"]
    found: dict[str, Row] = {}
    shared: dict[str, str] = {}  # one object for equal texts: a folder may hold very many rows of few names
    for row in every:
        before = found.get(row[trial])
        if before is None or before[sequence] <= row[sequence]:
            found[row[trial]] = tuple([shared.setdefault(v, v) if type(v) is str else v for v in row])
    return list(found.values())


def known(folder: Path) -> dict[str, Known]:
    """What each trial in the folder came to, by id."""
    places = [PLACES[name] for name in ("estimator", "task", "point", "n_samples", "seed")]
    trial, status, code = PLACES["trial_id"], PLACES["status"], PLACES["code"]
    return {
        row[trial]: Known(row[status], row[code], tuple([row[place] for place in places])) for row in last(rows(folder))
    }


def read_curves(folders: Iterable[Path], wanted: Iterable[str]) -> Mapping[str, Curve]:
    """The learning curves of the trials wanted, by id: (step, validation value in nats), None where not finite.

    Trials without a curve, and files that cannot be read as one, are passed over.
    """
    return {trial: curve for trial, kept in _curves(folders, wanted) if (curve := _curve(kept))}


def read_named_curves(folders: Iterable[Path], wanted: Iterable[str]) -> Mapping[str, Mapping[str, Curve]]:
    """The curves by name that models of applications left, by id; (step, value), None where not finite."""
    return {
        trial: {str(name): curve for name, one in kept.items() if (curve := _curve(one))}
        for trial, kept in _curves(folders, wanted)
        if isinstance(kept, dict)
    }


def _curves(folders: Iterable[Path], wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for trial, path in _beside(folders, "curves", ".json", wanted):
        with contextlib.suppress(OSError, ValueError, RecursionError):
            yield trial, json.loads(path.read_bytes())


def _curve(kept: Any) -> Curve | None:
    try:
        return [(int(step), None if v is None else float(v)) for step, v in kept] if isinstance(kept, list) else None
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True)
class Pictures(Mapping[str, "Mapping[str, npt.NDArray[Any]]"]):
    """The pictures by name that models of applications left, by id, each file read when it is asked for.

    A file that cannot be read has no pictures, and a warning says so.
    """

    paths: Mapping[str, Path]

    def __getitem__(self, trial: str) -> "Mapping[str, npt.NDArray[Any]]":
        import numpy as np

        path = self.paths[trial]
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except DAMAGED as error:
            warnings.warn(
                f"{path}: passed over, no pictures can be read from it ({_reason(error)})", Passed, stacklevel=2
            )
            return {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


DAMAGED = OSError, ValueError, TypeError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error
"""What numpy and zipfile raise at a file that is no sound NPZ of numbers."""


def read_pictures(folders: Iterable[Path], wanted: Iterable[str]) -> Pictures:
    """The pictures of the trials wanted that left any."""
    return Pictures(dict(_beside(folders, "pictures", ".npz", wanted)))


def read_left(folders: Iterable[Path], wanted: Iterable[str]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """What models of applications left beside their rows, by the part of the folder that it is in, id and name."""
    folders, ids = list(folders), list(wanted)
    return {"curves": read_named_curves(folders, ids), "pictures": read_pictures(folders, ids)}


def _beside(folders: Iterable[Path], part: str, suffix: str, wanted: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """The files of the trials wanted in that part of their folders."""
    ids = set(wanted)
    for folder in folders:
        for path in sorted((folder / part).glob(f"*{suffix}")):
            if path.stem in ids and path.is_file():
                yield path.stem, path


def age(folder: Path) -> float:
    """Seconds since a row was last written."""
    times = [path.stat().st_mtime for path in row_files(folder)]
    return max(0.0, time.time() - max(times)) if times else 0.0

"""A results folder: rows on disk the moment a trial ends, resume, one DataFrame out.

Rows are JSON lines, one writer a file, one write a row: a killed process leaves at worst a torn last line, which
costs that row alone. `trials.csv` and `trials.parquet` are derived from them and replaced atomically. When rows share a
`trial_id`, the last one written wins.
"""

import contextlib
import csv
import itertools
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench.errors import StorageError, UsageError
from mibench.trial import COLUMNS, SCHEMA_VERSION, Result

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path("results")
"""Where runs are written and looked for, under the working directory."""


@dataclass(frozen=True)
class Known:
    """What a folder knows of a trial without its numbers: enough to decide whether it must run again."""

    status: str
    code: str
    place: tuple[Any, ...]
    """Estimator, task, point, sample size and seed: what a trial is called, whatever its settings."""
    limits: tuple[float | None, float | None] = (None, None)


class Run:
    """A results folder that is being written. Only one process writes a file of rows; several may share a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.run_id = folder.name
        self._file: int | None = None

    @classmethod
    def create(cls, name: str, parent: Path = RESULTS) -> "Run":
        """A new folder `<utc>-<name>-<4 hex>`; two runs started in one second get two folders."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        safe = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-") or "run"
        while True:
            folder = parent / f"{stamp}-{safe[:40]}-{secrets.token_hex(2)}"
            try:
                with _storing(folder):
                    folder.mkdir(parents=True, exist_ok=False)
                return cls._prepared(folder)
            except FileExistsError:
                continue

    @classmethod
    def at(cls, folder: Path) -> "Run":
        """The folder that the user named: a new one, an empty one, or a run to go on with."""
        begun = (folder / "run.json").is_file() or (folder / "rows").is_dir()
        if folder.is_dir() and not begun and any(folder.iterdir()):
            raise UsageError(f"{folder} holds files and is no run (it has no run.json); name a new folder")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; name a folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be made: {error.strerror}; name another folder with -o") from error
        check_schema(folder)
        if _is_table_alone(folder):
            raise UsageError(f"{folder} keeps a run's table without its rows; remove it, or name another folder")
        return cls._prepared(folder)

    @classmethod
    def _prepared(cls, folder: Path) -> "Run":
        with _storing(folder):
            for part in ("rows", "logs"):
                (folder / part).mkdir(exist_ok=True)
        return cls(folder)

    def append(self, result: Result) -> Result:
        """Write one row and hand it to the system; it is on disk when this returns, whatever ends us next."""
        row = replace(result, run_id=self.run_id)
        line = (json.dumps(asdict(row), allow_nan=False, separators=(",", ":")) + "\n").encode()
        with _storing(self.folder):
            if self._file is None:
                self._file = self._open_rows()
            written = os.write(self._file, line)
            if written < len(line):  # a disk that is nearly full takes part of a line
                os.write(self._file, line[written:])
        return row

    def _open_rows(self) -> int:
        """A file of rows that no other process writes, its last line whole."""
        for attempt in range(10_000):
            name = f"{socket.gethostname()}-{os.getpid()}" + (f"-{attempt}" if attempt else "")
            path = self.folder / "rows" / f"{name}.jsonl"
            with contextlib.suppress(FileExistsError):
                return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        raise StorageError(f"{self.folder}/rows: no free file name")

    def keep_log(self, trial_id: str, text: bytes) -> None:
        self._replace(self.folder / "logs" / f"{trial_id}.log", text)

    def drop_log(self, trial_id: str) -> None:
        """The log of an attempt that failed before this one ended ok."""
        with contextlib.suppress(OSError):
            (self.folder / "logs" / f"{trial_id}.log").unlink()

    def keep_curve(self, trial_id: str, curve: Sequence[tuple[int, float]]) -> None:
        """The learning curve: (step, validation value in nats) pairs, numbers that are not finite as null."""
        finite = [[step, value if abs(value) < float("inf") else None] for step, value in curve]
        with _storing(self.folder):
            (self.folder / "curves").mkdir(exist_ok=True)
        self._replace(self.folder / "curves" / f"{trial_id}.json", json.dumps(finite).encode())

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Write run.json. Each invocation adds itself to `invocations`; the first one's facts stay on top."""
        path = self.folder / "run.json"
        before = read_run(self.folder) if path.is_file() else {}
        invocations = [*before.get("invocations", []), dict(facts)]
        whole = {"schema_version": SCHEMA_VERSION, "run_id": self.run_id, **facts, **before, "invocations": invocations}
        whole["settings"] = facts["settings"]
        self._replace(path, (json.dumps(whole, indent=2, default=str) + "\n").encode())

    def export(self) -> "pd.DataFrame":
        """Derive trials.csv and trials.parquet from the rows, and return them."""
        frame = load(self.folder)
        with _storing(self.folder):
            for name, write in (("trials.csv", frame.to_csv), ("trials.parquet", frame.to_parquet)):
                temporary = self.folder / f".{name}.{os.getpid()}"
                try:
                    write(temporary, index=False)
                    os.replace(temporary, self.folder / name)
                finally:
                    temporary.unlink(missing_ok=True)
        return frame

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _replace(self, path: Path, content: bytes) -> None:
        with _storing(self.folder):
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise


@contextlib.contextmanager
def _storing(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        free = ""
        with contextlib.suppress(OSError):
            free = f" ({shutil.disk_usage(folder if folder.exists() else folder.parent).free >> 20} MB free)"
        raise StorageError(
            f"cannot write to {folder}: {error.strerror or error}{free}; rows already written are kept"
        ) from error


def read_run(folder: Path) -> dict[str, Any]:
    """run.json of a folder. Raises UsageError where it is missing or damaged."""
    path = folder / "run.json"
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise UsageError(f"{folder} is no run: it has no run.json") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def check_schema(folder: Path) -> None:
    """Refuse by name a folder that a later version wrote."""
    if not (folder / "run.json").is_file():
        return
    seen = read_run(folder).get("schema_version")
    if seen != SCHEMA_VERSION:
        raise UsageError(
            f"{folder} was written with schema {seen}; this mibench reads schema {SCHEMA_VERSION}: "
            "use another folder with -o"
        )


def row_files(folder: Path) -> list[Path]:
    """Files of rows, the one written last at the end."""
    return sorted((folder / "rows").glob("*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Every row of a folder in the order of writing; torn or foreign lines are passed over."""
    if _is_table_alone(folder):
        with (folder / "trials.csv").open(newline="", encoding="utf-8") as table:
            yield from csv.DictReader(table)
    for path in row_files(folder):
        with path.open("rb") as file:
            for line in file:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict) and row.get("trial_id") and row.get("status"):
                    yield row


def known(folder: Path) -> dict[str, Known]:
    """What each trial in the folder came to, by id; the last row wins."""
    texts: dict[str, str] = {}  # one object for equal texts: a folder may hold very many rows of few names

    def text(row: Mapping[str, Any], key: str) -> str:
        return texts.setdefault(str(row.get(key)), str(row.get(key)))

    found: dict[str, Known] = {}
    for row in rows(folder):
        names = (text(row, key) for key in ("estimator", "task", "point"))
        place = (*names, row.get("n_samples"), row.get("seed"))
        found[row["trial_id"]] = Known(text(row, "status"), text(row, "code"), place)
    return found


def latest(parent: Path = RESULTS) -> Path:
    """The run that was started last under `results/`."""
    runs = list_runs(parent)
    if not runs:
        raise UsageError(f"there is no run under {parent}/; name a folder, or make one with mibench run")
    return runs[-1]


def list_runs(parent: Path = RESULTS) -> list[Path]:
    """Runs under a folder, in the order they were started."""
    found = [path.parent for path in parent.glob("*/run.json")]
    return sorted(found, key=lambda folder: (folder / "rows").stat().st_mtime if (folder / "rows").is_dir() else 0)


def find(run: str | Path | None) -> Path:
    """The run a user means: a folder, its name under `results/`, a trials.csv, or the latest if nothing is said."""
    if run is None or str(run) == "latest":
        return latest()
    for path in (Path(run), RESULTS / run):
        if path.is_file() and path.suffix in (".csv", ".parquet", ".jsonl"):
            return path
        if (path / "run.json").is_file() or (path / "rows").is_dir():
            check_schema(path)
            return path
    if Path(run).exists():
        raise UsageError(f"{run} is no run: it has no run.json")
    raise UsageError(f"there is no run '{run}', here or under {RESULTS}/; mibench list runs shows them")


def load(*paths: str | Path) -> "pd.DataFrame":
    """The rows of one or more runs as one tidy DataFrame, one row a trial, with the columns of `Result` in order.

    Of rows that share a trial_id within one run the last one wins. Raises UsageError for what is no run.
    """
    import pandas as pd

    if not paths:
        paths = (latest(),)
    frames = [_load(find(path)) for path in paths]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _load(path: Path) -> "pd.DataFrame":

    if path.suffix == ".csv":
        frame = _read_csv(path)
    elif path.is_dir() and _is_table_alone(path):
        frame = _read_csv(path / "trials.csv")
    elif path.suffix == ".parquet":
        frame = _read_parquet(path)
    else:
        frame = _frame(_last(rows(path) if path.is_dir() else _lines(path)))
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UsageError(f"{path} lacks the columns {', '.join(missing[:3])}{more}; it is no table of mibench trials")
    schemas = set(frame["schema_version"].dropna().unique()) - {SCHEMA_VERSION}
    if "" in schemas:  # the last column
        raise UsageError(f"{path} has a row that breaks off before its end")
    if schemas:
        raise UsageError(
            f"{path} holds rows of schema {', '.join(map(str, schemas))}; this mibench reads {SCHEMA_VERSION}"
        )
    return frame[list(COLUMNS)]


def _is_table_alone(folder: Path) -> bool:
    """Whether trials.csv is all that is left of a run, as where only that was put under version control."""
    table = folder / "trials.csv"
    if row_files(folder) or not table.is_file():
        return False
    with table.open("rb") as file:
        return len(list(itertools.islice(file, 2))) == 2


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict) and row.get("trial_id"):
                    yield row


def _last(every: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Of rows that share an id the last; columns of ours only."""
    found: dict[str, tuple[Any, ...]] = {}
    shared: dict[str, str] = {}
    for row in every:
        values = map(row.get, COLUMNS)
        found[row["trial_id"]] = tuple([shared.setdefault(v, v) if isinstance(v, str) else v for v in values])
    return list(found.values())


WHOLE = ("dim_x", "dim_y", "samples_seen", "steps", "trained_together", "threads")
NUMBERS = (
    "mi_true", "mi_true_error", "mi_estimate", "mi_std", "ceiling", "ess", "fit_seconds", "wall_seconds", "peak_mb",
)  # fmt: skip
TEXTS = (
    "trial_id", "run_id", "status", "estimator", "estimator_params", "task", "point", "task_params", "bound", "flags",
    "path", "device", "device_name", "dtype", "error", "started_at", "host", "mibench_version", "torch_version", "code",
)  # fmt: skip


def _types() -> dict[str, str]:
    return {**dict.fromkeys(WHOLE, "Int64"), **dict.fromkeys(NUMBERS, "float64"), **dict.fromkeys(TEXTS, "string")}


def _frame(found: list[tuple[Any, ...]]) -> "pd.DataFrame":
    import pandas as pd

    columns = list(zip(*found, strict=True)) if found else [()] * len(COLUMNS)
    kinds: dict[str, Any] = {"n_samples": "int64", "seed": "int64", "schema_version": "int64", **_types()}
    named = zip(COLUMNS, columns, strict=True)
    frame = pd.DataFrame({name: pd.Series(list(values), dtype=kinds[name]) for name, values in named})
    frame["flags"] = frame["flags"].fillna("")
    return frame.sort_values("started_at", kind="stable", ignore_index=True)


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_csv(
            path,
            dtype=_types(),
            keep_default_na=False,
            na_values={c: [""] for c in (*WHOLE, *NUMBERS, "path", "error")},
        )
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} cannot be read as a table of trials: {' '.join(str(error).split())}") from error
    return frame


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's errors are of these
        raise UsageError(f"{path} cannot be read as a table of trials: {' '.join(str(error).split())}") from error


Curve = list[tuple[int, float | None]]


def read_curves(folders: Iterable[Path], wanted: Iterable[str]) -> dict[str, Curve]:
    """The curves of the trials wanted, by trial_id: (step, validation value in nats), None where it was not finite.

    Trials without a curve, and files that cannot be read as one, are passed over.
    """
    ids = set(wanted)
    found: dict[str, Curve] = {}
    for folder in folders:
        for path in sorted((folder / "curves").glob("*.json")):
            if path.stem in ids:
                try:
                    curve = [(int(step), None if v is None else float(v)) for step, v in json.loads(path.read_text())]
                except (OSError, ValueError, TypeError):
                    continue
                if curve:
                    found[path.stem] = curve
    return found


def age(folder: Path) -> float:
    """Seconds since a row was last written."""
    times = [path.stat().st_mtime for path in row_files(folder)]
    return max(0.0, time.time() - max(times)) if times else 0.0

"""A results folder that is being written: a row is on disk when `append` returns, whatever ends us next."""

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench.errors import StorageError, UsageError
from mibench.result import SCHEMA_VERSION, Result
from mibench.store.find import RESULTS, check_schema, read_run
from mibench.store.frame import for_spreadsheets, load, long_scores
from mibench.store.rows import table_alone

if TYPE_CHECKING:
    import pandas as pd


class Writer:
    """A results folder that is being written. Only one process writes a file of rows; several may share a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.run_id = folder.name
        self._file: int | None = None
        self._path = folder
        self._written = 0

    @classmethod
    def create(cls, name: str, parent: Path = RESULTS) -> "Writer":
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
    def at(cls, folder: Path) -> "Writer":
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
        if table_alone(folder):
            raise UsageError(f"{folder} keeps a run's table without its rows; remove it, or name another folder")
        return cls._prepared(folder)

    @classmethod
    def _prepared(cls, folder: Path) -> "Writer":
        for part in ("rows", "logs"):
            try:
                with _storing(folder):
                    (folder / part).mkdir(exist_ok=True)
            except FileExistsError:
                raise UsageError(f"{folder / part} is no folder; remove it, or name another folder with -o") from None
        return cls(folder)

    def append(self, result: Result) -> Result:
        """Write one row and hand it to the system; raises StorageError where it would be lost."""
        started = result.started_at or datetime.now(UTC).isoformat(timespec="milliseconds")
        self._written = max(time.time_ns(), self._written + 1)
        row = replace(result, run_id=self.run_id, started_at=started, sequence=f"{started}#{self._written:020}")
        line = (json.dumps(asdict(row), allow_nan=False, separators=(",", ":")) + "\n").encode()
        with _storing(self.folder):
            if self._file is None:
                self._file = self._open_rows()
            if not os.path.samestat(os.fstat(self._file), os.stat(self._path)):
                raise FileNotFoundError(errno.ENOENT, f"{self._path.name} was replaced while the run goes on")
            written = os.write(self._file, line)
            if written < len(line):  # a disk that is nearly full takes part of a line
                os.write(self._file, line[written:])
        return row

    def _open_rows(self) -> int:
        """A file of rows that no other process writes, its last line whole."""
        for attempt in range(10_000):
            name = f"{socket.gethostname()}-{os.getpid()}" + (f"-{attempt}" if attempt else "")
            self._path = self.folder / "rows" / f"{name}.jsonl"
            with contextlib.suppress(FileExistsError):
                return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        raise StorageError(f"{self.folder}/rows: no free file name")

    def keep_log(self, trial_id: str, text: bytes) -> None:
        """Put what a trial's process printed beside the rows, in place of an earlier log."""
        self._replace(self.folder / "logs" / f"{trial_id}.log", text)

    def drop_log(self, trial_id: str) -> None:
        """The log of an attempt that failed before this one ended ok."""
        with contextlib.suppress(OSError):
            (self.folder / "logs" / f"{trial_id}.log").unlink()

    def keep_curves(self, trial_id: str, curves: Any) -> None:
        """The learning curve, (step, value) pairs, or several by name; numbers that are not finite as null."""
        kept = {k: _finite(c) for k, c in curves.items()} if isinstance(curves, Mapping) else _finite(curves)
        self._keep("curves", f"{trial_id}.json", json.dumps(kept).encode())

    def keep_pictures(self, trial_id: str, npz: bytes) -> None:
        """Small arrays to look at, as the bytes of an NPZ file."""
        self._keep("pictures", f"{trial_id}.npz", npz)

    def _keep(self, folder: str, name: str, content: bytes) -> None:
        with _storing(self.folder):
            (self.folder / folder).mkdir(exist_ok=True)
        self._replace(self.folder / folder / name, content)

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Write run.json. Each invocation adds itself to `invocations`; the first one's facts stay on top."""
        path = self.folder / "run.json"
        before = read_run(self.folder) if path.is_file() else {}
        invocations = [*before.get("invocations", []), dict(facts)]
        whole = {"schema_version": SCHEMA_VERSION, "run_id": self.run_id, **facts, **before, "invocations": invocations}
        whole["settings"] = facts["settings"]
        self._replace(path, (json.dumps(whole, indent=2, default=str) + "\n").encode())

    def export(self) -> "pd.DataFrame":
        """Derive trials.csv, trials.parquet and, where there are scores, scores.csv from the rows; return the rows."""
        frame = load(self.folder)
        writers: list[tuple[str, Callable[..., Any]]] = [
            ("trials.csv", for_spreadsheets(frame).to_csv),
            ("trials.parquet", frame.to_parquet),
        ]
        if len(scored := long_scores(frame)):
            writers.append(("scores.csv", for_spreadsheets(scored).to_csv))
        with _storing(self.folder):
            for name, write in writers:
                temporary = self.folder / f".{name}.{os.getpid()}"
                try:
                    write(temporary, index=False)
                    os.replace(temporary, self.folder / name)
                finally:
                    temporary.unlink(missing_ok=True)
        return frame

    def close(self) -> None:
        """Write no more rows; a writer that wrote none may be closed too."""
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


def _finite(curve: Sequence[tuple[int, float]]) -> list[list[float | None]]:
    return [[step, value if abs(value) < float("inf") else None] for step, value in curve]


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
        kept = "rows already written are kept" if folder.exists() else "the folder is gone, with the rows that it held"
        raise StorageError(f"cannot write to {folder}: {error.strerror or error}{free}; {kept}") from error

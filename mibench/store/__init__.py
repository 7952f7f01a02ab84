"""A results folder: rows, curves and pictures on disk, resume, one DataFrame out.

Rows are JSON lines, one writer a file, one write a row: a killed process leaves at worst a torn last line, which
costs that row alone. `trials.csv`, `trials.parquet` and `scores.csv` are derived from them and replaced atomically. Of
rows that share a `trial_id` the one started last wins, as their `sequence` says, whatever the files' times.
"""

from mibench.store.find import RESULTS, find, last_asked, latest, list_runs, read_run
from mibench.store.frame import load, scores
from mibench.store.rows import (
    Known,
    age,
    known,
    read_curves,
    read_left,
    read_named_curves,
    read_pictures,
    row_files,
    rows,
)
from mibench.store.writer import Writer

__all__ = [
    "RESULTS",
    "Known",
    "Writer",
    "age",
    "find",
    "known",
    "last_asked",
    "latest",
    "list_runs",
    "load",
    "read_curves",
    "read_left",
    "read_named_curves",
    "read_pictures",
    "read_run",
    "row_files",
    "rows",
    "scores",
]

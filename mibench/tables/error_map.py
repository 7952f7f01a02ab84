"""The error map before it is a picture or a page: what stands in a cell, and how dark it is."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mibench.findings.error_map import ErrorMap
from mibench.findings.summary import MIXED
from mibench.interface import Array

RANGE = 1e3
"""Errors smaller than the largest by more than this are all as light."""
KEY = "the stronger the shade the worse, in logarithmic steps; † some trials failed"


def entries(rows: pd.DataFrame, labels: tuple[str, ...]) -> tuple[list[str], list[list[str]], Array]:
    """The names of the rows, what stands in each cell by row and label, and its error, NaN where there is none."""
    names = row_names(rows)
    keys = list(dict.fromkeys(names))
    found = {(name, cell["label"]): cell for name, cell in zip(names, rows.to_dict("records"), strict=True)}
    texts = [[_entry(found.get((name, label))) for label in labels] for name in keys]
    values = [[found[name, label]["rmse"] if (name, label) in found else np.nan for label in labels] for name in keys]
    return keys, texts, np.array(values, dtype=float)


def row_names(rows: pd.DataFrame) -> list[str]:
    """Task and point of each cell."""
    return list((rows["task"] + "/" + rows["point"]).str.rstrip("/"))


def without_task(names: Sequence[str]) -> tuple[str, list[str]]:
    """The task, if it is that of all rows, and the names without it; else an empty text and the names."""
    tasks = {name.partition("/")[0] for name in names}
    if len(tasks) != 1 or not all("/" in name for name in names):
        return "", list(names)
    return tasks.pop(), [name.partition("/")[2] for name in names]


def shades(errors: Array, of: ErrorMap) -> Array:
    """From 0, the least error of the map, to 1, its largest, in logarithmic steps; NaN where there is no error."""
    every = of.cells["rmse"].to_numpy(dtype=float)
    every = every[np.isfinite(every)]
    low = max(every.min(), every.max() / RANGE, 1e-12)
    high = max(every.max(), low * (1 + 1e-9))
    shade: Array = np.log(np.clip(errors, low, None) / low) / np.log(high / low)
    return shade


def _entry(cell: Mapping[Hashable, Any] | None) -> str:
    if cell is None:
        return "not run"
    if not cell["n_ok"]:
        return "failed" if cell["n_failed"] else "n/a"
    text = "–" if math.isnan(cell["rmse"]) else f"{cell['rmse']:#.3g}"
    return text + "†" * bool(cell["n_failed"]) + MIXED * bool(cell["n_codes"] > 1)

"""Rows as one tidy DataFrame, and the derived tables."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench.errors import UsageError, one_line
from mibench.result import COLUMNS, SCHEMA_VERSION, Column, read_scores
from mibench.store.find import find, latest
from mibench.store.rows import ID, Row, last, lines, rows, table_alone

if TYPE_CHECKING:
    import pandas as pd

FORMULA = re.compile(r"'*[=+\-@]")
"""What a spreadsheet would compute, and such texts with apostrophes in front already."""


def load(*paths: str | Path) -> "pd.DataFrame":
    """The rows of one or more runs as one tidy DataFrame, one row a trial, with the columns of `Result` in order.

    Of rows that share a trial_id within one run the one started last wins. Raises UsageError for what is no run; a
    warning says what of a damaged one was passed over.
    """
    import pandas as pd

    if not paths:
        paths = (latest(),)
    frames = [_load(find(path)) for path in paths]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


SCORED = (
    "trial_id", "run_id", "task", "point", "task_params", "estimator", "estimator_params", "seed", "status",
    "score", "value", "better", "margin",
)  # fmt: skip
"""The columns of the long form of scores."""


def scores(*paths: str | Path) -> "pd.DataFrame":
    """The scores of the models that runs trained, one row a trial and score, in the order that applications name them.

    `value` is empty where it was not finite, `better` says which values are, `margin` what counts as equally good. See
    `load` for the runs that are meant, and for what is raised.
    """
    return long_scores(load(*paths))


def long_scores(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The same of rows that are at hand."""
    import pandas as pd

    kept = [name for name in SCORED if name in COLUMNS]
    rows = frame[frame["scores"].notna()]
    found = [
        (*known, name, one.value, one.better, one.margin)
        for text, known in zip(rows["scores"], rows[kept].itertuples(index=False, name=None), strict=True)
        for name, one in read_scores(text).items()
    ]
    return pd.DataFrame(found, columns=list(SCORED))


def _load(path: Path) -> "pd.DataFrame":
    if path.suffix == ".csv" and path.is_file():
        return _sound(_read_csv(path), path)
    if path.is_dir() and table_alone(path):
        return _sound(_read_csv(path / "trials.csv"), path)
    if path.suffix == ".parquet" and path.is_file():
        return _sound(_read_parquet(path), path)
    return _frame(last(rows(path) if path.is_dir() else lines(path)))


def _dtype(column: Column) -> str:
    if column.kind is int:
        return "Int64" if column.optional else "int64"
    return "float64" if column.kind is float else "string"


def _frame(found: Sequence[Row]) -> "pd.DataFrame":
    import pandas as pd

    values = list(zip(*found, strict=True)) if found else [()] * len(COLUMNS)
    each = zip(COLUMNS.values(), values, strict=True)
    frame = pd.DataFrame({column.name: pd.Series(list(held), dtype=_dtype(column)) for column, held in each})
    return frame.sort_values("started_at", kind="stable", ignore_index=True)


def _sound(frame: "pd.DataFrame", path: Path) -> "pd.DataFrame":
    """A table with all columns, later ones filled in; what is none of ours is refused."""
    missing = [name for name, column in COLUMNS.items() if not column.later and name not in frame.columns]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UsageError(f"{path} lacks the columns {', '.join(missing[:3])}{more}; it is no table of mibench trials")
    schemas = set(frame["schema_version"].dropna().unique()) - {SCHEMA_VERSION}
    if schemas:
        raise UsageError(
            f"{path} holds rows of schema {', '.join(map(str, schemas))}; this mibench reads {SCHEMA_VERSION}"
        )
    if not frame["trial_id"].map(lambda text: bool(ID.fullmatch(str(text)))).all():
        raise UsageError(f"{path} holds a trial_id that is none; it is damaged, or no table of mibench trials")
    for name, column in COLUMNS.items():
        if name not in frame.columns:
            frame[name] = column.default
    try:
        return frame[list(COLUMNS)].astype({column.name: _dtype(column) for column in COLUMNS.values()})
    except (ValueError, TypeError) as error:
        raise _unreadable(path, error) from error


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    optional = {name: [""] for name, column in COLUMNS.items() if column.optional or column.kind is not str}
    kinds = {name: "Int64" if column.kind is int else _dtype(column) for name, column in COLUMNS.items()}
    try:
        frame = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=optional)
    except (ValueError, OSError, OverflowError) as error:
        raise _unreadable(path, error) from error
    if len(frame) and _breaks_off(frame):
        raise UsageError(f"{path} has a row that breaks off before its end")
    for name in frame.columns.intersection([name for name, column in COLUMNS.items() if column.kind is str]):
        frame[name] = frame[name].map(unguarded, na_action="ignore")
    return frame


def _breaks_off(frame: "pd.DataFrame") -> bool:
    """Whether a row lacks its end: the last column is one that is never empty."""
    ends = frame.iloc[:, -1].astype("string").fillna("")
    return bool((ends == "").any() or (ends.name == "sequence" and ends.iloc[-1][-21:-20] != "#"))


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's errors are of these
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UsageError:
    return UsageError(f"{path} cannot be read as a table of trials: {one_line(str(error), 200)}")


def for_spreadsheets(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The same with an apostrophe before texts that a spreadsheet would take for formulas; `load` takes it off."""
    texts = [name for name, kind in frame.dtypes.items() if not _numeric(kind)]
    return frame.assign(**{str(name): frame[name].map(guarded, na_action="ignore") for name in texts})


def _numeric(kind: Any) -> bool:
    from pandas.api.types import is_numeric_dtype

    return bool(is_numeric_dtype(kind))


def guarded(text: Any) -> Any:
    """A cell that no spreadsheet computes."""
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text[:1] == "'" and FORMULA.match(text) else text

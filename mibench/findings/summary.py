"""From rows to numbers: one cell an estimator on a task point at one n, and the wide table of them."""

import json
import re
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from mibench.errors import UsageError
from mibench.findings.paired import t_interval
from mibench.interface import Direction
from mibench.result import BASELINE, COLUMNS

REQUIRED = ("estimator", "task", "n_samples", "seed", "status", "mi_true", "mi_estimate")
"""Without these a table is none of trials; any other column of `Result` may be missing and is then read as empty."""
EMPTY: dict[str, Any] = {
    "estimator_params": "{}",
    "task_params": "{}",
    "mi_true_error": 0.0,
    "bound": "none",
    "device": "cpu",
    "dtype": "float64",
}
"""What stands for a missing value where that is neither the column's default, an empty text nor NaN."""
NUMBERS = tuple(name for name, column in COLUMNS.items() if column.kind in (int, float))
OPTIONAL: dict[str, Any] = {
    name: EMPTY.get(name, column.default or (np.nan if name in NUMBERS else ""))
    for name, column in COLUMNS.items()
    if name not in REQUIRED
}
ROW = ["task", "point", "n_samples"]
"""What names a row of the wide table; with `label` beside it, a cell."""

UNSAID = {"recipe": "mibench", "inputs": "plain", "modes": 1, "covariance": "diagonal", "corrected": False}
"""Settings that rows leave out at this value, because they came later."""
MIXED = "‡"
"""Stands beside a number that rows of different code went into."""
MOST_NAMED = 4
"""Cells that a note names; the tables mark all."""
UNITS = {"nats": 1.0, "bits": 1 / np.log(2)}


def natural(text: object) -> tuple[tuple[int, float, str], ...]:
    """A sort key that puts k=3 before k=10."""
    parts = re.split(r"(\d+(?:\.\d+)?)", str(text))
    return tuple((1, float(part), "") if i % 2 else (0, 0.0, part) for i, part in enumerate(parts))


def decoded(params: str) -> dict[str, object]:
    """Settings from their JSON. Raises UsageError where they are none."""
    try:
        decoded = json.loads(params)
    except (TypeError, ValueError):
        raise UsageError(f"settings are not JSON: {str(params)[:60]!r}") from None
    return {**UNSAID, **decoded} if isinstance(decoded, dict) else {"value": decoded}


def plain(value: object) -> str:
    """A setting's value as a label says it."""
    return value if isinstance(value, str) else json.dumps(value)


def _differing(every: list[str], settings: list[dict[str, object]]) -> list[str]:
    """The fields in which settings differ; where that is the recipe, without those that it decides."""

    def values(field: str, among: list[dict[str, object]]) -> set[str]:
        return {plain(one.get(field, "absent")) for one in among}

    differing = [f for f in every if len(values(f, settings)) > 1]
    if "recipe" not in differing:
        return differing
    alike = [[one for one in settings if plain(one.get("recipe")) == recipe] for recipe in values("recipe", settings)]
    return [f for f in differing if f == "recipe" or any(len(values(f, among)) > 1 for among in alike)]


def _told_apart(names: pd.Series, *settings: pd.Series) -> list[str]:
    """Each name, plus the settings in which the rows of that name differ: "ksg k=5".

    The first of `settings` is JSON, the others are plain and go by the name of their column.
    """
    keys = pd.concat([names.rename("name"), *settings], axis=1)
    labels: dict[tuple[object, ...], str] = {}
    for name, group in keys.drop_duplicates().groupby("name", sort=False):
        fields = {
            key: {
                **decoded(key[1]),
                **{str(column.name): value for column, value in zip(settings[1:], key[2:], strict=True)},
            }
            for key in group.itertuples(index=False, name=None)
        }
        every = list(dict.fromkeys(field for values in fields.values() for field in values))
        differing = _differing(every, list(fields.values()))
        for key, values in fields.items():
            labels[key] = " ".join([str(name), *(f"{f}={plain(values.get(f, 'absent'))}" for f in differing)])
    return [labels[key] for key in keys.itertuples(index=False, name=None)]


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows, checked and typed, with the `label` of the estimator and whether they are `ok`, `failed`, a `baseline`.

    A label is the estimator's name, plus the settings (and the kind of device, the dtype, and the run, where runs hold
    the same trials) in which the rows of that name differ. A row is ok if its status says so and, where the truth is
    known, its estimate is a finite number; what is neither ok nor unsupported has failed. Of rows with one trial_id in
    one run the last stays.
    """
    if {"label", "ok", "failed"} <= set(frame.columns):
        return frame
    missing = [column for column in REQUIRED if column not in frame.columns]
    if missing:
        raise UsageError(f"these are no mibench trials: no column {', '.join(missing)}")
    if "schema_version" in frame and frame["schema_version"].nunique() > 1:
        versions = " and ".join(sorted(map(str, frame["schema_version"].dropna().unique())))
        raise UsageError(f"rows of schema versions {versions} are mixed: summarise them apart")
    rows = frame.reset_index(drop=True)
    for column, default in OPTIONAL.items():
        rows[column] = rows.get(column, default)
        if isinstance(default, str):
            rows[column] = rows[column].astype(object).where(rows[column].notna(), default)
    for column in NUMBERS:
        try:
            rows[column] = pd.to_numeric(rows[column]).astype(float)
        except (TypeError, ValueError):
            raise UsageError(f"column {column} holds something that is not a number") from None
    rows["mi_true_error"] = rows["mi_true_error"].fillna(0.0)
    for column in ("estimator", "task", "point", "status"):
        rows[column] = rows[column].astype(str)
    rows["bound"] = rows["bound"].where(rows["bound"].isin(get_args(Direction)), "none")  # a class may say anything
    rows["flags"] = rows["flags"].map(lambda flags: flags if isinstance(flags, str) else ",".join(flags))
    rows["baseline"] = (rows["kind"] == "application") & ("," + rows["flags"] + ",").str.contains(f",{BASELINE},")
    identified = rows["trial_id"] != ""
    rows = rows[~identified | ~rows.duplicated(["trial_id", "run_id"], keep="last")].copy()
    identified = identified.loc[rows.index]
    settings = [rows["estimator_params"], rows["device"].astype(str).str.split(":").str[0].rename("device")]
    settings += [rows["dtype"].astype(str), rows["baseline"]]
    if rows.loc[identified].duplicated("trial_id").any():
        settings.append(rows["run_id"].rename("run"))
    rows["label"] = _told_apart(rows["estimator"], *settings)
    full = rows["task"] + "/" + rows["point"]
    told = zip(_told_apart(full, rows["task_params"]), rows["task"], strict=True)
    rows["point"] = [text[len(task) + 1 :] for text, task in told]
    measured = np.isfinite(rows["mi_estimate"]) & np.isfinite(rows["mi_true"])
    rows["ok"] = (rows["status"] == "ok") & (measured | (rows["kind"] != "task"))
    rows["failed"] = ~rows["ok"] & (rows["status"] != "unsupported")
    rows["one_sample"] = rows["flags"].str.contains("one-sample", regex=False)
    twice = rows.duplicated([*ROW, "label", "seed"])
    if twice.any():
        first = rows[twice].iloc[0]
        raise UsageError(
            f"{first.label} on {first.task}/{first.point} has seed {first.seed:.0f} more than once: "
            "these rows belong to runs of different code or settings; summarise them apart"
        )
    return rows


def of_tasks(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows whose truth is known, those of tasks, and a note on how many are of another kind."""
    others = rows.loc[rows["kind"] != "task", "kind"].value_counts()
    if others.empty:
        return rows, []
    counts = ", ".join(f"{count} of kind {kind}" for kind, count in others.items())
    return rows[rows["kind"] == "task"], [f"trials of tasks alone; left out: {counts}"]


def of_applications(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of trained models."""
    return rows[rows["kind"] == "application"]


def without_idle(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the estimators that have an ok trial, if two or more have, and a note on each of the others."""
    active = rows.groupby("label")["ok"].any()
    idle = sorted(active.index[~active], key=natural)
    if active.sum() < 2 or not idle:
        return rows, []
    failed = rows.groupby("label")["failed"].any()
    why = {True: "none of its trials ended ok", False: "it supports none of these points"}
    return rows[~rows["label"].isin(idle)], [f"{label} left out: {why[bool(failed[label])]}" for label in idle]


def mixed_note(table: pd.DataFrame) -> list[str]:
    """One line, if any of these cells has rows of more than one code: which cells, and what to do."""
    mixed = table[table["n_codes"] > 1]
    if mixed.empty:
        return []
    names = [
        f"{label} on {'/'.join(filter(None, (task, point)))} n = {n}"
        for label, task, point, n in mixed[["label", *ROW]].itertuples(index=False, name=None)
    ]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [
        f"{MIXED} rows made by different code or data are taken together: {'; '.join(names[:MOST_NAMED])}{more}; "
        "mibench resume RUN --rerun stale makes them anew"
    ]


def counted(rows: pd.DataFrame, words: pd.Series, row: Sequence[str] = ROW) -> pd.Series:
    """Per cell, its words and how often each: "timeout 2, error 1"."""
    table = rows[[*row, "label"]].assign(word=words).dropna(subset=["word"])
    table = table[table["word"] != ""].groupby([*row, "label", "word"]).size().reset_index(name="times")
    table["text"] = table["word"] + " " + table["times"].astype(str)
    return table.groupby([*row, "label"])["text"].agg(", ".join)


def failures(rows: pd.DataFrame) -> pd.Series:
    """Why each row failed, nothing where it did not."""
    return rows["status"].where(rows["status"] != "ok", "not finite").where(rows["failed"])


def cells(frame: pd.DataFrame, unit: str = "nats") -> pd.DataFrame:
    """One row a cell: all seeds of one estimator on one task point at one n and kind of device.

    `mean`, `sd` (ddof=1) and the 95 % t-interval `ci_low`, `ci_high` are over the ok seeds; the interval covers noise
    between seeds alone. `bias`, `variance` (ddof=0) and `mse` are of estimate - truth, so `mse == bias**2 + variance`.
    `failures` and `flags` count by kind; an unsupported trial is no failure. `n_codes` is how many versions of sources
    and data the rows are of: more than one should not be taken together. Amounts of information are in `unit` (mse and
    variance in its square), times in seconds.
    """
    if unit not in UNITS:
        raise UsageError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
    rows = tidy(frame)
    rows = rows[rows["kind"] != "application"]
    if rows.empty:
        return pd.DataFrame(columns=list(STATISTICS))
    scale = UNITS[unit]
    good = rows["ok"]
    rows = rows.assign(
        estimate=(rows["mi_estimate"] * scale).where(good),
        error_=((rows["mi_estimate"] - rows["mi_true"]) * scale).where(good),
        truth_=rows["mi_true"] * scale,
        truth_error_=rows["mi_true_error"] * scale,
        ceiling_=rows["ceiling"] * scale,
        seconds=rows["fit_seconds"].where(good),
    )
    rows["absolute"] = rows["error_"].abs()
    rows["square"] = rows["error_"] ** 2
    by = rows.groupby([*ROW, "label"], sort=False)
    table = by.agg(
        estimator=("estimator", "first"),
        dim_x=("dim_x", "first"),
        dim_y=("dim_y", "first"),
        bound=("bound", "first"),
        n_seeds=("seed", "size"),
        n_ok=("ok", "sum"),
        n_failed=("failed", "sum"),
        mean=("estimate", "mean"),
        sd=("estimate", "std"),
        median=("estimate", "median"),
        truth=("truth_", "mean"),
        truth_error=("truth_error_", "max"),
        bias=("error_", "mean"),
        mse=("square", "mean"),
        mae=("absolute", "mean"),
        ceiling=("ceiling_", "median"),
        samples_seen=("samples_seen", "median"),
        fit_seconds=("seconds", "median"),
    )
    variance = by["error_"].var(ddof=0)
    table["variance"] = variance.where(table["n_ok"] > 0)
    table["rmse"] = np.sqrt(table["mse"])
    table["n_unsupported"] = table["n_seeds"] - table["n_ok"] - table["n_failed"]
    codes = rows["code"].where(rows["code"] != "").groupby([rows[key] for key in (*ROW, "label")], sort=False)
    table["n_codes"] = codes.nunique()
    independent = table["n_ok"].where(~by["one_sample"].any(), 1)  # seeds that share all rows are one draw
    table["ci_low"], table["ci_high"] = t_interval(table["mean"], table["sd"], independent)
    table["failures"] = counted(rows, failures(rows)).reindex(table.index).fillna("")
    flags = rows.loc[good, "flags"].str.split(r"[,;\s]+", regex=True).explode()
    flagged = rows.loc[flags.index]
    table["flags"] = counted(flagged, flags).reindex(table.index).fillna("") if len(flags) else ""
    table = table.reset_index()
    dims, truths = np.nan_to_num(table["dim_x"]), np.nan_to_num(table["truth"])
    points, labels = (table[column].map(natural) for column in ("point", "label"))
    keys = list(zip(table["task"], dims, truths, points, table["n_samples"], labels, strict=True))
    order = sorted(range(len(table)), key=keys.__getitem__)
    table["n_samples"] = table["n_samples"].astype(int)
    return table.iloc[order][list(STATISTICS)].reset_index(drop=True)


STATISTICS = (
    "label", "estimator", "bound", "task", "point", "dim_x", "dim_y", "n_samples", "n_seeds", "n_ok", "n_failed",
    "truth", "truth_error", "mean", "sd", "ci_low", "ci_high", "median", "bias", "variance", "mse", "rmse", "mae",
    "ceiling", "samples_seen", "fit_seconds", "failures", "flags", "n_unsupported", "n_codes",
)  # fmt: skip

"""From rows to numbers: one cell an estimator on a task point at one n, and the wide table of them."""

import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mibench.errors import UsageError
from mibench.interface import Array

REQUIRED = ("estimator", "task", "n_samples", "seed", "status", "mi_true", "mi_estimate")
OPTIONAL: dict[str, Any] = {
    "trial_id": "",
    "run_id": "",
    "estimator_params": "{}",
    "task_params": "{}",
    "point": "",
    "dim_x": np.nan,
    "dim_y": np.nan,
    "mi_true_error": 0.0,
    "mi_std": np.nan,
    "bound": "none",
    "ceiling": np.nan,
    "samples_seen": np.nan,
    "flags": "",
    "fit_seconds": np.nan,
    "device": "cpu",
    "dtype": "float64",
    "error": "",
}
NUMBERS = (
    "n_samples",
    "seed",
    "mi_true",
    "mi_estimate",
    "dim_x",
    "dim_y",
    "mi_true_error",
    "mi_std",
    "ceiling",
    "samples_seen",
    "fit_seconds",
)
ROW = ["task", "point", "n_samples"]
"""What names a row of the wide table; with `label` beside it, a cell."""

UNITS = {"nats": 1.0, "bits": 1 / np.log(2)}


def natural(text: object) -> tuple[tuple[int, float, str], ...]:
    """A sort key that puts k=3 before k=10."""
    parts = re.split(r"(\d+(?:\.\d+)?)", str(text))
    return tuple((1, float(part), "") if i % 2 else (0, 0.0, part) for i, part in enumerate(parts))


def _decode(params: str) -> dict[str, object]:
    try:
        decoded = json.loads(params)
    except (TypeError, ValueError):
        raise UsageError(f"settings are not JSON: {str(params)[:60]!r}") from None
    return decoded if isinstance(decoded, dict) else {"value": decoded}


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _told_apart(names: pd.Series, *settings: pd.Series) -> list[str]:
    """Each name, plus the settings in which the rows of that name differ: "ksg k=5".

    The first of `settings` is JSON, the others are plain and go by the name of their column.
    """
    keys = pd.concat([names.rename("name"), *settings], axis=1)
    labels: dict[tuple[object, ...], str] = {}
    for name, group in keys.drop_duplicates().groupby("name", sort=False):
        fields = {
            key: {
                **_decode(key[1]),
                **{str(column.name): value for column, value in zip(settings[1:], key[2:], strict=True)},
            }
            for key in group.itertuples(index=False, name=None)
        }
        every = list(dict.fromkeys(field for values in fields.values() for field in values))
        differing = [f for f in every if len({_plain(values.get(f, "absent")) for values in fields.values()}) > 1]
        for key, values in fields.items():
            labels[key] = " ".join([str(name), *(f"{f}={_plain(values.get(f, 'absent'))}" for f in differing)])
    return [labels[key] for key in keys.itertuples(index=False, name=None)]


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows, checked and typed, each with the `label` of its estimator and whether it is `ok`.

    A label is the estimator's name, plus the settings (and the kind of device, the dtype, and the run, where runs hold
    the same trials) in which the rows of that name differ. A row is ok if its status says so and its estimate is a
    finite number. Of rows with one trial_id in one run the last stays.
    """
    if {"label", "ok"} <= set(frame.columns):
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
    rows["flags"] = rows["flags"].map(lambda flags: flags if isinstance(flags, str) else ",".join(flags))
    identified = rows["trial_id"] != ""
    rows = rows[~identified | ~rows.duplicated(["trial_id", "run_id"], keep="last")].copy()
    identified = identified.loc[rows.index]
    settings = [rows["estimator_params"], rows["device"].astype(str).str.split(":").str[0].rename("device")]
    settings.append(rows["dtype"].astype(str))
    if rows.loc[identified].duplicated("trial_id").any():
        settings.append(rows["run_id"].rename("run"))
    rows["label"] = _told_apart(rows["estimator"], *settings)
    full = rows["task"] + "/" + rows["point"]
    told = zip(_told_apart(full, rows["task_params"]), rows["task"], strict=True)
    rows["point"] = [text[len(task) + 1 :] for text, task in told]
    rows["ok"] = (rows["status"] == "ok") & np.isfinite(rows["mi_estimate"]) & np.isfinite(rows["mi_true"])
    twice = rows.duplicated([*ROW, "label", "seed"])
    if twice.any():
        first = rows[twice].iloc[0]
        raise UsageError(
            f"{first.label} on {first.task}/{first.point} has seed {first.seed:.0f} more than once: "
            "these rows belong to runs of different code or settings; summarise them apart"
        )
    return rows


def without_idle(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the estimators that have an ok trial, if two or more have, and a note on each of the others."""
    active = rows.groupby("label")["ok"].any()
    idle = sorted(active.index[~active], key=natural)
    if active.sum() < 2 or not idle:
        return rows, []
    return rows[~rows["label"].isin(idle)], [f"{label} left out: none of its trials ended ok" for label in idle]


def _counted(rows: pd.DataFrame, words: pd.Series) -> pd.Series:
    """Per cell, its words and how often each: "timeout 2, error 1"."""
    table = rows[[*ROW, "label"]].assign(word=words).dropna(subset=["word"])
    table = table[table["word"] != ""].groupby([*ROW, "label", "word"]).size().reset_index(name="times")
    table["text"] = table["word"] + " " + table["times"].astype(str)
    return table.groupby([*ROW, "label"])["text"].agg(", ".join)


def t_interval(mean: pd.Series, sd: pd.Series, n: pd.Series, level: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Student's interval of a mean over n independent draws; no interval (NaN) for n < 2."""
    from scipy.special import stdtrit

    half = pd.Series(stdtrit(n - 1, (1 + level) / 2), index=n.index).where(n > 1) * sd / np.sqrt(n)
    return mean - half, mean + half


def cells(frame: pd.DataFrame, unit: str = "nats") -> pd.DataFrame:
    """One row a cell: all seeds of one estimator on one task point at one n and kind of device.

    `mean`, `sd` (ddof=1) and the 95 % t-interval `ci_low`, `ci_high` are over the ok seeds; the interval covers noise
    between seeds alone. `bias`, `variance` (ddof=0) and `mse` are of estimate - truth, so `mse == bias**2 + variance`.
    `failures` and `flags` count by kind. Amounts of information are in `unit` (mse and variance in its square), times
    in seconds.
    """
    if unit not in UNITS:
        raise UsageError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
    rows = tidy(frame)
    if rows.empty:
        return pd.DataFrame(columns=list(COLUMNS))
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
    table["n_failed"] = table["n_seeds"] - table["n_ok"]
    table["ci_low"], table["ci_high"] = t_interval(table["mean"], table["sd"], table["n_ok"])
    status = rows["status"].where(rows["status"] != "ok", "not finite").where(~good)
    table["failures"] = _counted(rows, status).reindex(table.index).fillna("")
    flags = rows.loc[good, "flags"].str.split(r"[,;\s]+", regex=True).explode()
    flagged = rows.loc[flags.index]
    table["flags"] = _counted(flagged, flags).reindex(table.index).fillna("") if len(flags) else ""
    table = table.reset_index()
    dims, truths = np.nan_to_num(table["dim_x"]), np.nan_to_num(table["truth"])
    points, labels = (table[column].map(natural) for column in ("point", "label"))
    keys = list(zip(table["task"], dims, truths, points, table["n_samples"], labels, strict=True))
    order = sorted(range(len(table)), key=keys.__getitem__)
    table["n_samples"] = table["n_samples"].astype(int)
    return table.iloc[order][list(COLUMNS)].reset_index(drop=True)


COLUMNS = (
    "label", "estimator", "bound", "task", "point", "dim_x", "dim_y", "n_samples", "n_seeds", "n_ok", "n_failed",
    "truth", "truth_error", "mean", "sd", "ci_low", "ci_high", "median", "bias", "variance", "mse", "rmse", "mae",
    "ceiling", "samples_seen", "fit_seconds", "failures", "flags",
)  # fmt: skip


def holm(p: Iterable[float]) -> Array:
    """Holm's step-down adjustment (1979) of p-values, for family-wise decisions at any level. NaN stays NaN."""
    values = np.asarray(list(p), dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def paired_t(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike) -> Array:
    """Two-sided p of "the mean difference is 0", from the mean, sd (ddof=1) and number of paired differences.

    Differences that are all 0 give 1; equal ones that are not 0 give 0; a single one gives NaN.
    """
    from scipy.special import stdtr

    mean, sd, n = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(mean) / (sd / np.sqrt(n))
        p = 2 * stdtr(n - 1, -t)
    p = np.where((sd == 0) & (mean == 0), 1.0, np.where(sd == 0, 0.0, p))
    return np.where(n > 1, p, np.nan)


FEWEST_SHARED = 3
"""With fewer seeds in common a paired t-test finds next to nobody worse, so that being found no worse says nothing."""


def best(rows: pd.DataFrame, level: float = 0.05) -> pd.Series:
    """Which cells are the best of their row of the wide table, or not worse than it beyond noise.

    Best is the smallest mean |estimate - truth| among cells of two or more seeds and no failure; another such cell
    stays beside it if it shares `FEWEST_SHARED` seeds or more with it, and a paired t-test over them, adjusted by Holm
    within the row, does not say that it is worse.
    Index: task, point, n_samples, label. A row with one such cell has no best.
    """
    rows = rows.assign(absolute=(rows["mi_estimate"] - rows["mi_true"]).abs().where(rows["ok"]))
    by = rows.groupby([*ROW, "label"])
    sound = by["ok"].all() & (by.size() > 1)
    mean = by["absolute"].mean().where(sound).dropna()
    rivals = mean.groupby(ROW).transform("size") > 1
    mean = mean[rivals]
    if mean.empty:
        return pd.Series(dtype=bool)
    leader = pd.DataFrame(list(mean.groupby(ROW).idxmin()), columns=[*ROW, "label"])
    lead = leader.merge(rows, on=[*ROW, "label"])[[*ROW, "seed", "absolute"]]
    shared = rows.merge(lead, on=[*ROW, "seed"], suffixes=("", "_lead"))
    shared["difference"] = shared["absolute"] - shared["absolute_lead"]
    paired = shared.groupby([*ROW, "label"])["difference"].agg(["mean", "std", "count"]).reindex(mean.index)
    p = pd.Series(paired_t(paired["mean"], paired["std"], paired["count"]), index=mean.index)
    leads = pd.Series(True, index=pd.MultiIndex.from_frame(leader)).reindex(mean.index, fill_value=False)
    adjusted = p.where(~leads).groupby(ROW).transform(holm)
    return leads | ((adjusted > level) & (paired["count"] >= FEWEST_SHARED))

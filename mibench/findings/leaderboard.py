"""Estimators ranked over all cells that each of them finished, by accuracy and by accuracy for the time it took."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mibench.engine.devices import Device
from mibench.errors import NothingMatched
from mibench.findings.summary import ROW, UNITS, natural, tidy, without_idle
from mibench.interface import Array

RESAMPLES = 2000


@dataclass(frozen=True)
class Board:
    """`table` has a row an estimator, nearest the truth first; `notes` say what was left out.

    `rank` and `cost_rank` are mean ranks over cells (1 is best) by mean |estimate − truth| and by that times the mean
    seconds of a fit; `error` is the mean over cells in the unit asked for; `seconds` the median over cells. Intervals
    are 95 % percentile bootstraps over cells: how much the ranking owes to the choice of tasks.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]


def board(frame: pd.DataFrame, unit: str = "nats") -> Board:
    """The leaderboard of a frame of trials, over the cells that every estimator finished without a failure."""
    rows, idle = without_idle(tidy(frame))
    labels = sorted(set(rows["label"]), key=natural)
    if rows.empty:
        raise NothingMatched("there are no trials to rank")
    if len(labels) < 2:
        raise NothingMatched("a leaderboard needs two estimators or more")
    rows = rows.assign(error_=((rows["mi_estimate"] - rows["mi_true"]).abs() * UNITS[unit]))
    by = rows.groupby([*ROW, "label"])
    sound = by["ok"].all().unstack("label", fill_value=False)
    seeds = by["seed"].agg(frozenset).unstack("label")
    alike = seeds.apply(lambda row: row.nunique(dropna=False) == 1, axis=1)
    kept = sound.index[sound.all(axis=1) & alike]
    if kept.empty:
        raise NothingMatched("no cell was finished by every estimator with the same seeds; there is nothing to rank")
    error = by["error_"].mean().unstack("label").loc[kept, labels].to_numpy(dtype=float)
    seconds = by["fit_seconds"].mean().unstack("label").loc[kept, labels].to_numpy(dtype=float)
    rank = _ranks(error)
    cost = _ranks(error * seconds) if np.isfinite(seconds).all() else np.full_like(error, np.nan)
    columns: dict[str, Any] = {"label": labels}
    for name, values in (("rank", rank), ("error", error), ("cost", cost)):
        low, high = _interval(values)
        columns |= {
            ("cost_rank" if name == "cost" else name): values.mean(axis=0),
            f"{name}_low": low,
            f"{name}_high": high,
        }
    columns["seconds"] = np.median(seconds, axis=0)
    columns["failed"] = (~rows["ok"]).groupby(rows["label"]).sum().reindex(labels).to_numpy()
    table = pd.DataFrame(columns).sort_values(["rank", "error"], kind="stable", ignore_index=True)
    return Board(table, (*_notes(rows, sound, alike, len(kept)), *idle))


def _notes(rows: pd.DataFrame, sound: pd.DataFrame, alike: pd.Series, kept: int) -> list[str]:
    seeds = rows.groupby([*ROW, "label"])["seed"].size()
    each = str(seeds.min()) if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    notes = [
        f"over {kept} of {len(sound)} cells, {each} seeds each",
        f"intervals: 95 % bootstrap over cells ({RESAMPLES} resamples)",
    ]
    for label in sound.columns:
        missing = int((~sound[label]).sum())
        if missing:
            notes.append(f"left out because {label} failed or was not run: {missing} cells")
    uneven = int((sound.all(axis=1) & ~alike).sum())
    if uneven:
        notes.append(f"left out because estimators have other seeds: {uneven} cells")
    devices = sorted({Device.of(str(name)).kind for name in rows["device"]})
    if len(devices) > 1:
        notes.append(f"seconds are from different devices: {', '.join(devices)}")
    notes.append("rank by error × seconds counts training and estimating, not drawing the sample or tuning settings")
    return notes


def _ranks(values: Array) -> Array:
    return pd.DataFrame(values.round(12)).rank(axis=1).to_numpy(dtype=np.float64)


def _interval(values: Array) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    means = np.array([values[rng.integers(len(values), size=len(values))].mean(axis=0) for _ in range(RESAMPLES)])
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return low, high

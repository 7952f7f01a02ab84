"""Estimators ranked by pairs over the cells that both finished, by accuracy and by accuracy for the time it took."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mibench.device import Device
from mibench.errors import NothingMatched
from mibench.findings.places import nearer, places
from mibench.findings.summary import ROW, UNITS, cells, mixed_note, natural, of_tasks, tidy, without_idle
from mibench.interface import Array

RESAMPLES = 2000


@dataclass(frozen=True)
class Board:
    """`table` has a row an estimator, nearest the truth first; `notes` say what was left out.

    `rank` and `cost_rank` are mean places by pairs (1 is best, see `mibench.findings.places`) by mean |error| and by
    that times the mean seconds of a fit. `error` is the mean over the cells that all finished in the unit asked
    for, `seconds` the median over them: NaN where there is no such cell. Intervals are 95 % percentile bootstraps over
    cells: how much the ranking owes to the choice of tasks. `cells` counts those an estimator finished.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]


def board(frame: pd.DataFrame, unit: str = "nats") -> Board:
    """The leaderboard of a frame of trials, each pair over the cells that both finished without a failure.

    Two estimators are compared in a cell if they have the same seeds of it.
    """
    rows, others = of_tasks(tidy(frame))
    rows, idle = without_idle(rows)
    labels = sorted(set(rows["label"]), key=natural)
    if rows.empty:
        raise NothingMatched("there are no trials to rank")
    if len(labels) < 2:
        raise NothingMatched("a leaderboard needs two estimators or more")
    rows = rows.assign(error_=((rows["mi_estimate"] - rows["mi_true"]).abs() * UNITS[unit]))
    by = rows.groupby([*ROW, "label"])
    sound = by["ok"].all().unstack("label", fill_value=False)[labels]
    held = by["seed"].agg(frozenset).unstack("label")[labels].where(sound)
    error, seconds = (
        by[column].mean().unstack("label")[labels].where(sound).to_numpy(dtype=float)
        for column in ("error_", "fit_seconds")
    )
    alike = _alike(held)
    if not alike.any():
        raise NothingMatched("no cell was finished by two estimators with the same seeds; there is nothing to rank")
    all_have = alike.sum(axis=2).min(axis=1) == len(labels) - 1
    columns: dict[str, object] = {"label": labels}
    for name, values in (("rank", error), ("cost", error * seconds)):
        shares = nearer(np.where(alike, values[:, None, :] - values[:, :, None], np.nan))
        place = places(shares)
        low, high = _interval(places(shares, _resamples(len(shares))))
        columns |= {"cost_rank" if name == "cost" else name: place, f"{name}_low": low, f"{name}_high": high}
    common = error[all_have]
    nothing = np.full(len(labels), np.nan)
    columns["error"] = common.mean(axis=0) if len(common) else nothing
    resampled = _resamples(len(common)) @ common / max(len(common), 1)
    columns["error_low"], columns["error_high"] = _interval(resampled) if len(common) else (nothing, nothing)
    columns["seconds"] = np.median(seconds[all_have], axis=0) if len(common) else nothing
    columns["cells"] = sound.sum().to_numpy()
    for name in ("failed", "unsupported"):
        happened = rows["failed"] if name == "failed" else rows["status"] == "unsupported"
        columns[name] = happened.groupby(rows["label"]).sum().reindex(labels).to_numpy()
    table = pd.DataFrame(columns).sort_values(["rank", "error"], kind="stable", ignore_index=True)
    notes = [*others, *_notes(rows, sound, alike, int(all_have.sum())), *idle, *mixed_note(cells(rows))]
    return Board(table, tuple(notes))


def _alike(held: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(cells, k, k): whether two estimators finished the same seeds of a cell; no one is compared with itself."""
    codes, _ = pd.factorize(held.to_numpy(dtype=object).ravel())  # -1 where there are none
    which = np.asarray(codes).reshape(held.shape)
    same: npt.NDArray[np.bool_] = (which[:, None, :] == which[:, :, None]) & (which[:, None, :] >= 0)
    same[:, np.arange(held.shape[1]), np.arange(held.shape[1])] = False
    return same


def _notes(rows: pd.DataFrame, sound: pd.DataFrame, alike: npt.NDArray[np.bool_], common: int) -> list[str]:
    seeds = rows.groupby([*ROW, "label"])["seed"].size()
    each = str(seeds.min()) if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    compared = np.asarray(alike.any(axis=2))
    notes = [
        f"over {int(compared.any(axis=1).sum())} of {len(sound)} cells, {each} seeds each",
        f"intervals: 95 % bootstrap over cells ({RESAMPLES} resamples)",
    ]
    if common < len(sound):
        notes.append(f"ranks by pairs over the cells both have; errors and seconds over the {common} that all have")
    said = (rows["status"] == "unsupported").groupby([rows[key] for key in (*ROW, "label")]).any()
    unsupported = said.unstack("label", fill_value=False).reindex(index=sound.index, columns=sound.columns)
    for i, label in enumerate(sound.columns):
        cannot = int((~sound[label] & unsupported[label]).sum())
        gone = int((~sound[label] & ~unsupported[label]).sum())
        uneven = int((sound[label].to_numpy() & ~compared[:, i]).sum())
        whys = {"failed or was not run": gone, "does not support them": cannot, "has no rival with its seeds": uneven}
        notes += [f"not compared because {label} {why}: {count} cells" for why, count in whys.items() if count]
    devices = sorted({Device.of(str(name)).kind for name in rows["device"]})
    if len(devices) > 1:
        notes.append(f"seconds are from different devices: {', '.join(devices)}")
    notes.append("rank by error × seconds counts training and estimating, not drawing the sample or tuning settings")
    return notes


def _resamples(count: int) -> Array:
    """(resamples, cells): how often each cell is in each bootstrap sample of them."""
    drawn = np.random.default_rng(0).integers(max(count, 1), size=(RESAMPLES, count))
    return np.stack([np.bincount(one, minlength=count) for one in drawn]).astype(float)


def _interval(means: Array) -> tuple[Array, Array]:
    """The 95 % percentile interval of each column; NaN where it holds no number."""
    known = [mean[~np.isnan(mean)] for mean in means.T]
    low, high = (np.array([np.quantile(m, end) if len(m) else np.nan for m in known]) for end in (0.025, 0.975))
    return low, high

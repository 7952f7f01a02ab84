"""What training looked like: learning curves, and the staircase of rising mutual information."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mibench.errors import NothingMatched
from mibench.plots.style import caption, finish, looks, panels, style
from mibench.summary import UNITS, cells, natural

PANELS = 12
DRAWN = 200
"""Points of a curve that a figure holds; more would not show."""


def _steps(curve: Sequence[tuple[int, float | None]], unit: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    thinned = curve[:: max(1, len(curve) // DRAWN)]
    points = np.array([(step, np.nan if value is None else value) for step, value in thinned], dtype=float)
    return points[:, 0], points[:, 1] * UNITS[unit]


def _with_curves(trials: pd.DataFrame, curves: Mapping[str, Any]) -> pd.DataFrame:
    rows = trials[trials["trial_id"].isin([key for key, curve in curves.items() if len(curve)])]
    if rows.empty:
        raise NothingMatched("no trial left a learning curve")
    return rows


def curves(trials: pd.DataFrame, unit: str, curves: Mapping[str, Any]) -> Figure:
    """Validation value over training steps, a panel a task point at the largest n, a line a seed."""
    rows = _with_curves(trials, curves)
    rows = rows[rows["n_samples"] == rows["n_samples"].max()]
    look = looks(list(trials["label"]))
    points = sorted(
        {
            (task, truth, natural(point), point)
            for task, truth, point in zip(rows["task"], rows["mi_true"], rows["point"], strict=True)
        }
    )
    count = rows["label"].nunique()
    seeds = 5 if count <= 2 else 3 if count <= 4 else 1
    with style():
        figure, axes = panels(min(len(points), PANELS))
        for axis, (task, truth, _, point) in zip(axes, points, strict=False):
            part = rows[
                (rows["task"] == task) & (rows["point"] == point) & (rows["seed"].rank(method="dense") <= seeds)
            ]
            for label in sorted(part["label"].unique(), key=natural):
                for i, trial in enumerate(part.loc[part["label"] == label, "trial_id"]):
                    step, value = _steps(curves[trial], unit)
                    line = {key: look[label][key] for key in ("color", "linestyle")}
                    axis.plot(step, value, linewidth=0.9, alpha=0.8, label=label if i == 0 else None, **line)
            axis.axhline(truth * UNITS[unit], color="#CCCCCC", linewidth=3, zorder=1, label="truth")
            top = truth * UNITS[unit]
            low, high = axis.get_ylim()
            axis.set_ylim(max(low, min(-0.5, -0.5 * top) - 0.5), min(high, 2.5 * top + 1))
            axis.set(title=f"{task}/{point}", xlabel="training step", ylabel=f"validation value ({unit})")
        table = cells(rows, unit)
        shown = f"the first {PANELS} of {len(points)} points; " if len(points) > PANELS else ""
        said = f"{shown}drawn for {seeds} of them; values on held-out samples; far outliers cut off"
        return finish(figure, axes, "Learning curves", caption(table, said))


def staircase(trials: pd.DataFrame, unit: str, curves: Mapping[str, Any]) -> Figure:
    """Learning curves of a task's points side by side in the order of their truths, with the true steps.

    Each level is trained by itself: unlike in the papers' figures, nothing is carried from one level to the next.
    """
    rows = _with_curves(trials, curves)
    rows = rows[(rows["n_samples"] == rows["n_samples"].max()) & (rows["seed"] == rows["seed"].min())]
    levels = rows.groupby(["task", "dim_x"])["mi_true"].nunique()
    ladders = list(levels[levels >= 3].index)
    if not ladders:
        raise NothingMatched("no task has learning curves at three truths or more of one dimension")
    look = looks(list(trials["label"]))
    with style():
        figure, axes = panels(min(len(ladders), PANELS), columns=2, panel=(4.2, 2.6))
        for axis, (task, dim) in zip(axes, ladders, strict=False):
            part = rows[(rows["task"] == task) & (rows["dim_x"] == dim)]
            truths = sorted(part["mi_true"].unique())
            for i, truth in enumerate(truths):
                axis.plot([i, i + 1], [truth * UNITS[unit]] * 2, color="#CCCCCC", linewidth=3, label="truth", zorder=1)
            for label in sorted(part["label"].unique(), key=natural):
                line = {key: look[label][key] for key in ("color", "linestyle")}
                mine = part[part["label"] == label].drop_duplicates("mi_true")
                longest = max(max(curves[trial][-1][0] for trial in mine["trial_id"]), 1)
                for truth, trial in zip(mine["mi_true"], mine["trial_id"], strict=True):
                    step, value = _steps(curves[trial], unit)
                    axis.plot(truths.index(truth) + step / longest, value, linewidth=0.9, label=label, **line)
            top = truths[-1] * UNITS[unit]
            axis.set_ylim(-0.3 * top, 1.4 * top)
            axis.set_xticks(np.arange(len(truths)) + 0.5, [f"{truth * UNITS[unit]:.3g}" for truth in truths])
            axis.set(
                title=f"{task}, dimension {dim:g}",
                xlabel=f"true mutual information ({unit}); training within",
                ylabel=f"value ({unit})",
            )
        said = "one seed; levels trained apart; values on held-out samples; cut at 1.4 times the highest truth"
        return finish(figure, axes, "Staircase", caption(cells(rows, unit), said))

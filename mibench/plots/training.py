"""What training looked like: learning curves, and the staircase of rising mutual information."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mibench.errors import NothingMatched
from mibench.findings.summary import UNITS, cells, natural
from mibench.plots.kinds import KINDS
from mibench.plots.style import Drawing, caption, looks, panels, style

PANELS = 12
DRAWN = 200
"""Points of a curve that a figure holds; more would not show."""


def thinned(curve: Sequence[tuple[int, float | None]], unit: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Steps and values in the unit, as many as show."""
    kept = curve[:: max(1, len(curve) // DRAWN)]
    points = np.array([(step, np.nan if value is None else value) for step, value in kept], dtype=float)
    return points[:, 0], points[:, 1] * UNITS[unit]


def _with_curves(trials: pd.DataFrame, curves: Mapping[str, Any]) -> pd.DataFrame:
    """The rows that left a curve, each task at the largest n that did. Raises NothingMatched where none did."""
    rows = trials[trials["trial_id"].isin([key for key, curve in curves.items() if len(curve)])]
    if rows.empty:
        raise NothingMatched("no trial left a learning curve")
    return rows[rows["n_samples"] == rows.groupby("task")["n_samples"].transform("max")]


def unseen(axis: Axes, labels: Iterable[str]) -> set[str]:
    """The labels none of whose lines enters the frame: they leave the legend, and the caption names them."""
    low, high = axis.get_ylim()
    seen = set()
    for line in axis.get_lines():
        y = np.asarray(line.get_ydata(), dtype=float)
        if ((y >= low) & (y <= high)).any():
            seen.add(str(line.get_label()))
    gone = set(labels) - seen
    for line in axis.get_lines():
        if line.get_label() in gone:
            line.set_label(f"_{line.get_label()}")
    return gone


def beyond(gone: set[tuple[str, str]]) -> str:
    """What a caption says of (label, panel) none of whose line is inside."""
    by: dict[str, list[str]] = {}
    for label, where in sorted(gone, key=lambda pair: (natural(pair[0]), natural(pair[1]))):
        by.setdefault(label, []).append(where)
    named = (f"{label} ({len(at)} panels)" if len(at) > 1 else f"{label} ({at[0]})" for label, at in by.items())
    return f"; beyond the frame: {', '.join(named)}" if by else ""


def curves(trials: pd.DataFrame, unit: str, curves: Mapping[str, Any]) -> Drawing:
    """Validation value over training steps, a panel a task point at the largest n of its task, a line a seed."""
    rows = _with_curves(trials, curves)
    look = looks(list(trials["label"]))
    points = sorted(
        {
            (task, truth, natural(point), point)
            for task, truth, point in zip(rows["task"], rows["mi_true"], rows["point"], strict=True)
        }
    )
    count = rows["label"].nunique()
    seeds = 5 if count <= 2 else 3 if count <= 4 else 1
    gone: set[tuple[str, str]] = set()
    with style():
        figure, axes = panels(min(len(points), PANELS))
        for axis, (task, truth, _, point) in zip(axes, points, strict=False):
            part = rows[
                (rows["task"] == task) & (rows["point"] == point) & (rows["seed"].rank(method="dense") <= seeds)
            ]
            for label in sorted(part["label"].unique(), key=natural):
                for trial in part.loc[part["label"] == label, "trial_id"]:
                    step, value = thinned(curves[trial], unit)
                    line = {key: look[label][key] for key in ("color", "linestyle")}
                    axis.plot(step, value, linewidth=0.9, alpha=0.8, label=label, **line)
            axis.axhline(truth * UNITS[unit], color="#CCCCCC", linewidth=3, zorder=1, label="truth")
            top = truth * UNITS[unit]
            low, high = axis.get_ylim()
            low, high = max(low, min(-0.5, -0.5 * top) - 0.5), min(high, 2.5 * top + 1)
            margin = 0.05 * (max(high, top) - min(low, top))
            axis.set_ylim(min(low, top - margin), max(high, top + margin))
            gone |= {(label, f"{task}/{point}") for label in unseen(axis, set(part["label"]))}
            axis.set(title=f"{task}/{point}", xlabel="training step", ylabel=f"validation value ({unit})")
        table = cells(rows, unit)
        shown = f"the first {PANELS} of {len(points)} points; " if len(points) > PANELS else ""
        said = f"{shown}drawn for {seeds} of them; lines: validation, on held-out samples; cut where far off"
        return Drawing(figure, axes, KINDS["curves"].title, caption(table, said + beyond(gone)))


def staircase(trials: pd.DataFrame, unit: str, curves: Mapping[str, Any]) -> Drawing:
    """One trace an estimator through a task's points in the order of their truths, over the true steps.

    Each level is trained by itself, unlike in the papers' figures: a trace breaks off and begins anew at each step.
    A marker at the end of a level is the value reported, which is of other samples than the curve.
    """
    rows = _with_curves(trials, curves)
    rows = rows[rows["seed"] == rows["seed"].min()]
    levels = rows.groupby(["task", "dim_x"])[["mi_true", "point"]].nunique()
    ladders = list(levels.index[(levels["mi_true"] >= 3) & (levels["mi_true"] == levels["point"])])
    if not ladders:
        raise NothingMatched("no task has learning curves at three points or more that rise in truth alone")
    look = looks(list(trials["label"]))
    scale = UNITS[unit]
    gone: set[tuple[str, str]] = set()
    with style():
        figure, axes = panels(min(len(ladders), PANELS))
        for axis, (task, dim) in zip(axes, ladders, strict=False):
            part = rows[(rows["task"] == task) & (rows["dim_x"] == dim)]
            truths = sorted(part["mi_true"].unique())
            longest = max(1, *(curves[trial][-1][0] for trial in part["trial_id"]))
            edges = np.arange(len(truths) + 1) * longest
            axis.stairs(np.array(truths) * scale, edges, baseline=None, color="#BBBBBB", linewidth=3, label="truth")
            for label in sorted(part["label"].unique(), key=natural):
                mine = part[part["label"] == label].sort_values("mi_true")
                trace = [_level(row, curves[row.trial_id], edges[truths.index(row.mi_true)], longest)
                         for row in mine.itertuples()]  # fmt: skip
                x, y = np.concatenate(trace).T
                ends = list(np.cumsum([len(level) for level in trace]) - 2)
                line = {**look[label], "markevery": ends, "linewidth": 0.9}
                axis.plot(x, y * scale, label=label, **line)
            top = truths[-1] * scale
            for ceiling in sorted((part["ceiling"].dropna() * scale).unique()):
                if ceiling < 1.2 * top:
                    axis.axhline(ceiling, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), label="ceiling")
            axis.set_ylim(-0.1 * top, 1.3 * top)
            gone |= {(label, f"{task}, dimension {dim:g}") for label in unseen(axis, set(part["label"]))}
            axis.set_xlim(0, 1.03 * edges[-1])
            every = -(-len(edges) // 5)
            axis.set_xticks(edges, ["" if i % every else f"{edge:,}" for i, edge in enumerate(edges)])
            axis.set(
                title=f"{task}, dimension {dim:g}",
                xlabel="training steps, level after level",
                ylabel=f"mutual information ({unit})",
            )
        said = (
            "the first seed; each level trained apart; lines: validation on held-out samples; markers: the value "
            "reported, of other samples; cut at −0.1 and 1.3 times the highest truth"
            f"{beyond(gone)}"
        )
        return Drawing(figure, axes, KINDS["staircase"].title, caption(cells(rows, unit), said))


def _level(row: Any, curve: Sequence[tuple[int, float | None]], start: int, longest: int) -> np.ndarray[Any, Any]:
    """A level's part of a trace: its curve, a gap, the value reported where the level ends, and a gap."""
    step, value = thinned(curve, "nats")
    points = [(start + s, v) for s, v in zip(step, value, strict=True)]
    gap = (np.nan, np.nan)
    reported = row.mi_estimate if row.ok else np.nan
    return np.array([*points, gap, (start + longest, reported), gap])

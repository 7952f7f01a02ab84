"""Estimate against truth, one n a panel: what is far off is marked at the edge of its panel, and named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mibench.findings.summary import UNITS, natural
from mibench.plots.kinds import KINDS
from mibench.plots.style import PANEL, Drawing, caption, drawn, looks, panels, style
from mibench.tables.numbers import short

PANELS = 12
CROWD = 48
"""Means in a panel without lines above which each estimator has a panel of its own."""
SMALL = (2.3, 1.9)
"""Inches of such a panel, four abreast."""
LEAST = 0.2
"""Nats that an axis spans at least: what differs by thousandths shall look alike."""
NAMED = 4
"""Estimators beyond the frames that a caption names."""


@dataclass(frozen=True)
class Panel:
    """Cells of one n; `frame` has the cells whose frame it shares; `alone` is the estimator that it shows, if one."""

    title: str
    cells: pd.DataFrame
    frame: pd.DataFrame
    alone: bool = False


def estimate(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """Estimate against truth: means with intervals, diagonal, ceilings.

    A panel a task and n, and a dimension where each dimension has points of its own. A line with a band joins the
    points of an estimator if no two of its panel share a truth; otherwise, and at single points, there are bars.
    Where these would be a crowd, each estimator has a panel, and the panels of a task one scale.
    """
    table = drawn(frame, unit)
    low, high = _interval(table)
    table = table.assign(low=low, high=high)
    look = looks(list(table["label"]))
    parts, largest = _panels(table)
    shown = pd.concat([panel.cells for panel in parts])
    beyond: list[pd.DataFrame] = []
    with style():
        small = len(parts) > PANELS and any(panel.alone for panel in parts)
        figure, axes = panels(len(parts), panel=SMALL if small else PANEL)
        for i, (axis, panel) in enumerate(zip(axes, parts, strict=True)):
            beyond.append(_draw(axis, panel, look, UNITS[unit]))
            words = {"xlabel": f"true mutual information ({unit})", "ylabel": f"estimate ({unit})"}
            if small:  # said once a row and column, for they are the same
                words = {"xlabel": f"truth ({unit})" if i >= len(parts) - 4 else "", "ylabel": words["ylabel"]}
                words["ylabel"] = words["ylabel"] if i % 4 == 0 else ""
            axis.set(title=panel.title, **words)
    said = ["at the largest n of each task"] if largest else []
    said += [_bars(parts, shown), *_far(pd.concat(beyond))]
    return Drawing(figure, axes, KINDS["estimate"].title, caption(shown, "; ".join(said)))


def _interval(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The 95 % interval of each mean; of two seeds, where it says nothing, from the one to the other."""
    half = table["sd"] / np.sqrt(2)
    two = table["n_ok"] == 2
    return table["ci_low"].mask(two, table["mean"] - half), table["ci_high"].mask(two, table["mean"] + half)


def _bars(parts: Sequence[Panel], shown: pd.DataFrame) -> str:
    """What bands and bars are, as the caption says it."""
    kinds = sorted({"bars" if panel.alone or not _ladder(panel.cells) else "bands" for panel in parts})
    counts = shown.loc[shown["n_ok"] > 0, "n_ok"]
    wide = "95 % t-interval of the mean"
    if (counts == 2).all():
        wide = "from one seed to the other"
    elif (counts == 2).any():
        wide += ", of two seeds from one to the other"
    return f"{' and '.join(kinds)}: {wide}" if (counts > 1).any() else "one seed a cell: no intervals"


def _far(beyond: pd.DataFrame) -> list[str]:
    """What lies beyond the frames, by estimator, the farthest named."""
    if beyond.empty:
        return []
    by = beyond.groupby("label")["mean"].agg(["min", "max"])
    by = by.loc[(by.abs().max(axis=1)).sort_values(ascending=False, kind="stable").index]
    named = [
        f"{label} {short(ends['min'])}" + (f" to {short(ends['max'])}" if ends["min"] != ends["max"] else "")
        for label, ends in by.head(NAMED).iterrows()
    ]
    more = [f"{len(by) - NAMED} more"] if len(by) > NAMED else []
    count = len(beyond)
    return [f"arrows at an edge: {count} mean{'s' * (count > 1)} beyond it ({', '.join([*named, *more])})"]


def _ladder(part: pd.DataFrame) -> bool:
    """Whether the points rise in truth alone: two or more, none with the truth of another."""
    truths = part.drop_duplicates("point")["truth"].round(9)
    return len(truths) > 1 and truths.is_unique


def _panels(table: pd.DataFrame) -> tuple[list[Panel], bool]:
    """The panels, and whether smaller n were left out so that they are not too many."""
    at_largest = table[table["n_samples"] == table.groupby("task")["n_samples"].transform("max")]
    for cells, by_dimension in ((table, True), (at_largest, True), (at_largest, False)):
        parts = _parts(cells, by_dimension)
        if sum(0.5 if panel.alone else 1 for panel in parts) <= PANELS:
            break
    return parts, len(cells) < len(table)


def _parts(table: pd.DataFrame, by_dimension: bool) -> list[Panel]:
    parts: list[Panel] = []
    several = table["n_samples"].nunique() > 1
    crowds: dict[int, list[pd.DataFrame]] = {}
    for _, part in table.groupby(["task", "n_samples"], sort=False):
        task, n = str(part["task"].iloc[0]), int(part["n_samples"].iloc[0])
        of_n = f", n = {n}" if several else ""
        apart = {f"{task}, dimension {dim:g}{of_n}": cells for dim, cells in part.groupby("dim_x")}
        split = by_dimension and len(apart) > 1 and not _ladder(part) and all(map(_ladder, apart.values()))
        if not split and not _ladder(part) and (part["n_ok"] > 0).sum() > CROWD:
            crowds.setdefault(n, []).append(part)
            continue
        parts += [Panel(name, cells, cells) for name, cells in (apart if split else {f"{task}{of_n}": part}).items()]
    for n, crowd in crowds.items():
        together = pd.concat(crowd)
        where = "" if len(crowd) == 1 and not parts else f" on {', '.join(dict.fromkeys(together['task']))}"
        for label in sorted(together.loc[together["n_ok"] > 0, "label"].unique(), key=natural):
            mine = together[together["label"] == label]
            parts.append(Panel(f"{label}{where}{f', n = {n}' if several else ''}", mine, together, alone=True))
    return parts


def _draw(axis: Axes, panel: Panel, look: dict[str, dict[str, Any]], scale: float) -> pd.DataFrame:
    """Fill a panel; the cells whose means lie beyond its frame."""
    part = panel.cells[panel.cells["n_ok"] > 0]
    truths = np.unique(panel.frame["truth"].round(9))
    span = max(float(np.ptp(truths)), LEAST * scale)
    ends = (truths[0] - 0.1 * span, truths[-1] + 0.1 * span)
    if len(truths) == 1:  # side by side at their one truth, where a slanted line would say nothing
        ends = (truths[0] - 0.6 * span, truths[0] + 0.6 * span)
        axis.axhline(truths[0], color="#CCCCCC", linewidth=3, zorder=1, label="estimate = truth")
        axis.set_xticks(truths, [short(truths[0])])
    else:
        axis.plot(ends, ends, color="#CCCCCC", linewidth=3, zorder=1, label="estimate = truth")
    low, high = _height(panel.frame[panel.frame["n_ok"] > 0], (truths[0], truths[-1]), span, scale)
    labels = sorted(part["label"].unique(), key=natural)
    joined = _ladder(part) and not panel.alone
    gap = np.diff(truths).min(initial=span)
    most = 0.15 * span if len(truths) == 1 else 0.06 * span
    dodge = 0.0 if joined or panel.alone else min(most, max(0.01 * span, 0.8 * gap / max(len(labels), 1)))
    for i, label in enumerate(labels):
        mine = part[part["label"] == label].sort_values("truth")
        x = mine["truth"] + (i - (len(labels) - 1) / 2) * dodge
        named = None if panel.alone else label
        if joined and len(mine) > 1:
            _band(axis, mine, look[label]["color"])
            axis.plot(x, mine["mean"], label=named, **look[label])
        else:
            reach = (mine["mean"] - mine["low"]).fillna(0), (mine["high"] - mine["mean"]).fillna(0)
            faint = {"elinewidth": 0.8, "capsize": 0, "markersize": 3.5} if panel.alone else {"capsize": 2}
            axis.errorbar(x, mine["mean"], yerr=reach, label=named, **{**look[label], "linestyle": "none", **faint})
        for up in (False, True):
            over = mine["mean"] > high if up else mine["mean"] < low
            nudge = 0.0 if dodge or panel.alone else (i - (len(labels) - 1) / 2) * 0.025 * span
            edge = np.full(int(over.sum()), high if up else low)
            colour = look[label]["color"]
            arrow = {"marker": "^" if up else "v", "color": colour, "markerfacecolor": colour, "markersize": 6}
            if over.any():
                axis.plot(x[over] + nudge, edge, linestyle="none", clip_on=False, zorder=5, **arrow)
    for ceiling in sorted(part["ceiling"].dropna().unique()):
        if low < ceiling < high:
            axis.axhline(ceiling, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), label="ceiling")
    room = 0.0 if len(truths) == 1 else 0.05 * span + dodge * len(labels) / 2
    axis.set(xlim=(ends[0] - room, ends[1] + room), ylim=(low, high))
    return part[~part["mean"].between(low, high)]


def _height(part: pd.DataFrame, truths: tuple[float, float], span: float, scale: float) -> tuple[float, float]:
    """The ends of the estimates' axis: the truths, the means not far from them, and of intervals what fits beside."""
    far = span + 0.5 * scale
    near = part[part["mean"].between(truths[0] - far, truths[1] + far)]
    least = min(truths[0] - 0.1 * span, near["mean"].min() if len(near) else np.inf)
    most = max(truths[1] + 0.1 * span, near["mean"].max() if len(near) else -np.inf)
    beside = 0.25 * max(most - least, LEAST * scale)
    bars = near[["low", "high"]].clip(least - beside, most + beside)
    if bars.notna().any(axis=None):
        least, most = min(least, float(bars["low"].min())), max(most, float(bars["high"].max()))
    middle, half = (least + most) / 2, max(most - least, LEAST * scale) / 2
    return middle - 1.06 * half, middle + 1.06 * half


def _band(axis: Axes, mine: pd.DataFrame, colour: str) -> None:
    """The interval of each mean as a band, its edges drawn so that it shows where others lie on it."""
    ends = mine["truth"], mine["low"], mine["high"]
    axis.fill_between(*ends, color=colour, alpha=0.13, linewidth=0, zorder=1.5)
    axis.fill_between(*ends, facecolor="none", edgecolor=colour, alpha=0.6, linewidth=0.5, zorder=1.5)

"""Figures: the only module that imports matplotlib.

Every function takes a frame of trials and returns a matplotlib `Figure` made without pyplot, so nothing global is
touched. Estimators keep one colour, marker and dash through all figures of a frame, and differ in all three: the
figures read in black and white. Legends stand outside the data; captions say n, seeds and what was left out.
"""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mibench.errors import NothingMatched, UsageError
from mibench.summary import cells, natural, tidy

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
"""Okabe and Ito's palette, told apart by colour-blind eyes, ordered by contrast on white; yellow is left out."""
MARKERS = "osD^vPX*"
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 2)))
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "mibench",
    "pdf.fonttype": 42,
    "figure.constrained_layout.use": True,
    "text.usetex": False,
    "text.parse_math": False,
}
PANEL = (3.0, 2.5)
"""Inches of one panel: two to a column pair of a paper, one to a phone."""


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context({**mpl.rcParamsDefault, **STYLE}):
        yield


def looks(labels: list[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dash of each label; no two of the first 56 agree in all."""
    ordered = sorted(set(labels), key=natural)
    return {
        label: {"color": colour, "marker": marker, "linestyle": DASHES[i % len(DASHES)]}
        for i, (label, colour, marker) in enumerate(zip(ordered, cycle(COLOURS), cycle(MARKERS), strict=False))
    }


def _panels(count: int, columns: int = 3, panel: tuple[float, float] = PANEL) -> tuple[Figure, list[Axes]]:
    across = 2 if count == 4 else min(count, columns)
    down = -(-count // across)
    figure = Figure(figsize=(panel[0] * across + 0.2, panel[1] * down))
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for spare in axes[count:]:
        spare.remove()
    return figure, list(axes[:count])


def _finish(figure: Figure, axes: list[Axes], title: str, caption: str) -> Figure:
    """The title above the panels; below them one legend, with every handle once, and the caption."""
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    width = figure.get_figwidth()
    head = textwrap.wrap(title, max(20, int(width * 13)))
    foot = textwrap.wrap(caption, max(20, int(width * 17)))
    columns = max(1, min(len(handles), int(width / (0.55 + 0.065 * max(map(len, handles), default=0)))))
    legend = -(-len(handles) // columns) * 0.18 + 0.1 if handles else 0.0
    below, above = 0.14 * len(foot) + 0.06, 0.17 * len(head) + 0.1
    height = figure.get_figheight() + below + legend + above
    figure.set_figheight(height)
    figure.get_layout_engine().set(rect=(0, (below + legend) / height, 1, 1 - (below + legend + above) / height))
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="lower center",
            bbox_to_anchor=(0.5, (below - 0.03) / height),
            borderaxespad=0.2,
            ncols=columns,
            frameon=False,
        )
    figure.text(0.5, 1 - 0.05 / height, "\n".join(head), fontsize=10, fontweight="bold", ha="center", va="top")
    figure.text(0.5, 0.04 / height, "\n".join(foot), fontsize=7.5, color="#444444", ha="center", va="bottom")
    return figure


def _caption(table: pd.DataFrame, extra: str = "") -> str:
    """n, seeds, failures: what the figure is made of."""
    ns = sorted(table["n_samples"].unique())
    seeds = sorted(table["n_seeds"].unique())
    parts = [
        "n = " + (str(ns[0]) if len(ns) == 1 else f"{ns[0]} to {ns[-1]}"),
        (f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}") + " seeds a cell",
    ]
    failed = int(table["n_failed"].sum())
    parts.append(f"{failed} failed trials left out" if failed else "no failed trials")
    if extra:
        parts.append(extra)
    return "; ".join(parts) + "."


def _drawn(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    table = cells(frame, unit)
    drawn = table[table["n_ok"] > 0]
    if drawn.empty:
        raise NothingMatched(f"nothing to draw: {len(table)} cells, and no trial of them is ok")
    return table


def estimate(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Estimate against truth, a panel a task: means with 95 % intervals, the diagonal, and ceilings."""
    table = _drawn(frame, unit)
    look = looks(list(table["label"]))
    tasks = list(dict.fromkeys(table["task"]))
    with _style():
        figure, axes = _panels(len(tasks))
        for axis, task in zip(axes, tasks, strict=True):
            part = table[table["task"] == task]
            span = max(part["truth"].max() - part["truth"].min(), 0.1)
            ends = (part["truth"].min() - 0.1 * span, part["truth"].max() + 0.1 * span)
            axis.plot(ends, ends, color="#999999", linewidth=1, zorder=1, label="estimate = truth")
            labels = sorted(part["label"].unique(), key=natural)
            gap = np.diff(np.unique(part["truth"].round(3))).min(initial=span)
            dodge = min(0.06 * span, max(0.01 * span, 0.6 * gap / len(labels)))
            for i, label in enumerate(labels):
                mine = part[(part["label"] == label) & (part["n_ok"] > 0)].sort_values("truth")
                shift = (i - (len(labels) - 1) / 2) * dodge
                axis.errorbar(
                    mine["truth"] + shift,
                    mine["mean"],
                    yerr=(mine["ci_high"] - mine["mean"]).fillna(0),
                    label=label,
                    markerfacecolor="white",
                    capsize=2,
                    **{**look[label], "linestyle": "none"},
                )
            for ceiling in sorted(part["ceiling"].dropna().unique()):
                if ceiling < 1.5 * part["truth"].max():
                    axis.axhline(ceiling, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), label="ceiling")
            axis.set(title=task, xlabel=f"true mutual information ({unit})", ylabel=f"estimate ({unit})")
        return _finish(figure, axes, "Estimate against truth", _caption(table, "bars: 95 % t-interval of the mean"))


def bias(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Bias against n and against dimension, a panel a task, as far as the frame varies them."""
    return _against(frame, unit, "bias", "Bias (mean estimate − truth)")


def sd(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Standard deviation between seeds against n and dimension."""
    return _against(frame, unit, "sd", "Standard deviation between seeds")


def rmse(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Root mean square error against n and dimension."""
    return _against(frame, unit, "rmse", "Root mean square error")


def _against(frame: pd.DataFrame, unit: str, statistic: str, title: str) -> Figure:
    """A statistic over sample size and over dimension: one panel a task and axis that varies.

    What varies besides the axis is averaged over: thin lines to the points of a cell would hide the estimators.
    """
    table = _drawn(frame, unit)
    look = looks(list(table["label"]))
    names = {"n_samples": "samples n", "dim_x": "dimension of X"}
    wanted = [
        (task, axis)
        for axis in names
        for task in dict.fromkeys(table["task"])
        if table.loc[table["task"] == task, axis].nunique() > 1
    ]
    if not wanted:
        wanted = [
            (task, "dim_x" if table["dim_x"].notna().any() else "n_samples") for task in dict.fromkeys(table["task"])
        ]
    with _style():
        figure, axes = _panels(len(wanted))
        for axis, (task, column) in zip(axes, wanted, strict=True):
            part = table[(table["task"] == task) & (table["n_ok"] > 0)]
            for label in sorted(part["label"].unique(), key=natural):
                line = part[part["label"] == label].groupby(column)[statistic].mean()
                axis.plot(line.index, line.to_numpy(), label=label, markerfacecolor="white", **look[label])
            if statistic == "bias":
                axis.axhline(0, color="#999999", linewidth=1, zorder=1)
            values = sorted(part[column].dropna().unique())
            if len(values) > 1 and values[0] > 0 and values[-1] / values[0] >= 4:
                axis.set_xscale("log")
            axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.minorticks_off()
            axis.set(title=task, xlabel=names[column], ylabel=f"{statistic} ({unit})")
        return _finish(figure, axes, title, _caption(table, "mean over the points of a task that share the abscissa"))


KINDS: dict[str, Callable[[pd.DataFrame, str], Figure]] = {
    "estimate": estimate,
    "bias": bias,
    "sd": sd,
    "rmse": rmse,
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as its suffix says: .png at 200 dots an inch, .svg, .pdf; the bytes depend on the rows alone."""
    metadata: dict[str, dict[str, Any]] = {
        ".svg": {"Date": None},
        ".pdf": {"CreationDate": None, "ModDate": None},
    }
    with _style():
        figure.savefig(path, dpi=200, metadata=metadata.get(path.suffix))


def write(frame: pd.DataFrame, folder: Path, kinds: list[str], formats: list[str], unit: str = "nats") -> list[Path]:
    """Draw the kinds of figure into a folder, each in the formats; "all" leaves out those that do not apply."""
    for wanted, known in ((kinds, [*KINDS, "all"]), (formats, ["png", "svg", "pdf"])):
        for name in wanted:
            if name not in known:
                raise UsageError(f"no figure {name!r}: {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    trials = tidy(frame)
    written = []
    for kind in KINDS if "all" in kinds else dict.fromkeys(kinds):
        figure = KINDS[kind](trials, unit)
        for form in formats:
            written.append(folder / f"{kind}.{form}")
            save(figure, written[-1])
    return written

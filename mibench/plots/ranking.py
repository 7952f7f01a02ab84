"""Estimators against one another: accuracy over time, and critical differences of mean ranks."""

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter

from mibench.errors import NothingMatched
from mibench.findings.ranking import Ranking, ranking
from mibench.findings.summary import ROW, cells, natural
from mibench.plots.kinds import KINDS
from mibench.plots.style import Drawing, caption, drawn, looks, panels, style
from mibench.tables.numbers import number, short


def time(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """Root mean square error against seconds a fit, a panel a task; the line joins what nothing beats in both."""
    table = drawn(frame, unit)
    table = table[table["fit_seconds"].notna()]
    complete = table[table["n_ok"] > 0].groupby(ROW)["label"].transform("size") == table["label"].nunique()
    shared = table[complete.reindex(table.index, fill_value=False)]
    if shared.empty:
        raise NothingMatched("no cell was finished and timed by every estimator")
    look = looks(list(frame["label"]))
    tasks = list(dict.fromkeys(shared["task"]))
    with style():
        figure, axes = panels(len(tasks))
        for axis, task in zip(axes, tasks, strict=True):
            part = shared[shared["task"] == task]
            points = part.groupby("label").agg(seconds=("fit_seconds", "mean"), mse=("mse", "mean"))
            points["rmse"] = np.sqrt(points["mse"])
            for label in sorted(points.index, key=natural):
                x, y = points.loc[label, "seconds"], points.loc[label, "rmse"]
                axis.plot([x], [y], label=label, **{**look[label], "linestyle": "none"})
            ordered = points.sort_values(["seconds", "rmse"])
            front = ordered[ordered["rmse"] <= ordered["rmse"].cummin()]
            axis.plot(front["seconds"], front["rmse"], color="#999999", drawstyle="steps-post", linewidth=1, zorder=1)
            axis.set(xscale="log", yscale="log", title=task, xlabel="seconds a fit", ylabel=f"RMSE ({unit})")
            axis.margins(0.15)
            for scale, values in ((axis.xaxis, points["seconds"]), (axis.yaxis, points["rmse"])):
                few = values.max() < 30 * values.min()
                scale.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=5))
                scale.set_major_formatter(lambda value, _: short(value, 6))
                scale.set_minor_formatter(NullFormatter())
        left_out = len(table.drop_duplicates(ROW)) - len(shared.drop_duplicates(ROW))
        said = f"means over the cells that all estimators finished ({left_out} left out); lower left is better"
        return Drawing(figure, axes, KINDS["time"].title, caption(shared, said))


def ranks(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """The critical differences of all estimators of a frame."""
    return critical_differences(ranking(frame, unit), cells(frame))


def critical_differences(ranked: Ranking, table: pd.DataFrame) -> Drawing:
    """Critical-difference diagram (Demšar 2006): mean ranks over cells; bars join what cannot be told apart.

    The bars come from pairwise Wilcoxon signed-rank tests with Holm's adjustment, see `mibench.findings.ranking`.
    `table` has the cells that were compared.
    """
    if len(ranked.labels) < 3:
        raise NothingMatched("critical differences need three estimators or more")
    count = len(ranked.labels)
    look = looks(list(table["label"]))
    left = (count + 1) // 2
    depth = max(left, count - left)
    place = dict(zip(ranked.labels, ranked.ranks, strict=True))
    levels: list[float] = []
    height = []
    for clique in ranked.cliques:  # bars that do not meet share a level
        level = next((i for i, end in enumerate(levels) if place[clique[0]] - end > 0.06 * (count - 1)), len(levels))
        levels[level : level + 1] = [place[clique[-1]]]
        height.append(-0.2 - 0.16 * level)
    bars = 0.1 + 0.16 * len(levels)
    with style():
        figure, (axis,) = panels(1, panel=(6.0, 0.75 + bars + 0.24 * depth))
        axis.axis("off")
        low, high = 1.0, float(count)
        axis.set(
            xlim=(low - 0.32 * (high - low), high + 0.32 * (high - low)), ylim=(-(bars + 0.24 * depth) - 0.15, 0.55)
        )
        axis.plot([low, high], [0, 0], color="black", linewidth=1)
        for tick in range(1, count + 1):
            axis.plot([tick, tick], [0, 0.07], color="black", linewidth=1)
            axis.text(tick, 0.12, str(tick), ha="center", va="bottom", fontsize=8)
        axis.text(
            (low + high) / 2,
            0.38,
            "mean rank by |error| (1 is nearest the truth)",
            ha="center",
            va="bottom",
            fontsize=8,
        )
        for clique, y in zip(ranked.cliques, height, strict=True):
            ends = place[clique[0]] - 0.02 * (high - low), place[clique[-1]] + 0.02 * (high - low)
            axis.plot(ends, [y, y], color="black", linewidth=3.5, solid_capstyle="butt")
        for i, label in enumerate(ranked.labels):
            first = i < left
            y = -bars - 0.2 - 0.24 * (i if first else count - 1 - i)
            edge = low - 0.04 * (high - low) if first else high + 0.04 * (high - low)
            colour = look[label]["color"]
            axis.plot([place[label], place[label], edge], [0, y, y], color=colour, linewidth=1)
            axis.plot([place[label]], [0], zorder=3, **{**look[label], "linestyle": "none"})
            text = f"{label}  {number(place[label], 2)}" if first else f"{number(place[label], 2)}  {label}"
            axis.text(edge, y, f" {text} ", ha="right" if first else "left", va="center", fontsize=8)
        said = [
            f"{ranked.cells} task points and n ranked",
            "bars join estimators that pairwise Wilcoxon tests with Holm's adjustment do not separate at 5 %",
            *ranked.notes,
        ]
        return Drawing(figure, [axis], KINDS["ranks"].title, caption(table, "; ".join(said), "failed trials"))

"""Bias, standard deviation and root mean square error over n and over dimension, every line over the same cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from mibench.errors import NothingMatched
from mibench.findings.summary import natural
from mibench.interface import Array
from mibench.plots.style import Drawing, caption, drawn, looks, panels, style
from mibench.tables.numbers import short

AXES = {"n_samples": "samples n", "dim_x": "dimension of X"}
ENOUGH = 0.5
"""Share of the cells at an abscissa, of those that anyone has, below which an estimator has no point there."""


def bias(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """Bias against n and against dimension, a panel a task, as far as the frame varies them."""
    return _against(frame, unit, "bias", "Bias (mean estimate − truth)")


def sd(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """Standard deviation between seeds against n and dimension."""
    return _against(frame, unit, "sd", "Standard deviation between seeds")


def rmse(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """Root mean square error against n and dimension."""
    return _against(frame, unit, "rmse", "Root mean square error")


@dataclass(frozen=True)
class Lines:
    """Means by abscissa (rows) and label (columns), each row over the same cells for all that have a value in it."""

    means: pd.DataFrame
    lacking: frozenset[tuple[str, str, int, str]]
    """Cells (task, point, n, label) that others have and that are therefore averaged for nobody."""
    absent: frozenset[tuple[str, str]]
    """(label, abscissa) where an estimator has too few cells for a point."""


def lines(part: pd.DataFrame, column: str, statistic: str) -> Lines:
    """A statistic of one task's cells over a column: at each abscissa the mean over the cells that all have.

    An estimator with fewer than half of the cells at an abscissa has no point there, rather than costing the others
    theirs. Over n the points of a task are the same at every n, if any are.
    """
    task = str(part["task"].iloc[0])
    part = part[part[statistic].notna() & part[column].notna()]
    tables = {
        value: part[part[column] == value].pivot(index=["point", "n_samples"], columns="label", values=statistic)
        for value in sorted(map(float, part[column].unique()))
    }
    kept = {value: table.columns[table.notna().mean() >= ENOUGH] for value, table in tables.items()}
    common = {value: table.index[table[kept[value]].notna().all(axis=1)] for value, table in tables.items()}
    if column == "n_samples":
        points = set.intersection(*({point for point, _ in cells} for cells in common.values()))
        if points:
            common = {value: cells[[point in points for point, _ in cells]] for value, cells in common.items()}
    labels = sorted(set(part["label"]), key=natural)
    means = pd.DataFrame(
        {value: table.loc[common[value], kept[value]].mean() for value, table in tables.items()}, index=labels
    ).T
    lacking = {
        (task, str(point), int(n), str(label))
        for value, table in tables.items()
        for label in kept[value]
        for point, n in table.index[table[label].isna()]
    }
    absent = {
        (label, f"{AXES[column]} {short(value, 6)}") for value in tables for label in labels if label not in kept[value]
    }
    return Lines(means, frozenset(lacking), frozenset(absent))


def _against(frame: pd.DataFrame, unit: str, statistic: str, title: str) -> Drawing:
    """A statistic over sample size and over dimension: one panel a task and axis that varies.

    What varies besides the axis is averaged over: thin lines to the points of a cell would hide the estimators.
    """
    table = drawn(frame, unit)
    if not table[statistic].notna().any():
        raise NothingMatched(f"no cell has the two seeds that {statistic} needs")
    look = looks(list(table["label"]))
    found = _varied(table[table[statistic].notna()])
    lacking: set[tuple[str, str, int, str]] = set()
    absent: set[tuple[str, str]] = set()
    some = False
    with style():
        figure, axes = panels(len(found))
        for axis, (task, column) in zip(axes, found, strict=True):
            made = lines(table[table["task"] == task], column, statistic)
            lacking |= made.lacking
            absent |= made.absent
            for label in map(str, made.means.dropna(axis=1, how="all")):
                axis.plot(made.means.index, made.means[label].to_numpy(), label=label, **look[label])
            drawn_values = made.means.to_numpy().ravel()
            _scale(axis, drawn_values[np.isfinite(drawn_values)], statistic)
            values = sorted(made.means.index)
            if len(values) > 1 and values[0] > 0 and values[-1] / values[0] >= 4:
                axis.set_xscale("log")
            axis.set_xticks(values, [short(value, 6) for value in values])
            axis.minorticks_off()
            some |= np.isfinite(drawn_values).any()
            axis.set(title=task, xlabel=AXES[column], ylabel=f"{statistic} ({unit})")
    if not some:
        raise NothingMatched("no cell has a value of every estimator that has half of the cells beside it")
    said = ["means over the cells of a task that share the abscissa, the same cells for all", *_gaps(lacking, absent)]
    return Drawing(figure, axes, title, caption(table, "; ".join(said)))


def _varied(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(task, column) of the panels: what varies within a task; if nothing does in any, a column they have."""
    tasks = list(dict.fromkeys(table["task"]))
    by = {task: table[table["task"] == task] for task in tasks}
    wanted = [(task, column) for column in AXES for task in tasks if by[task][column].nunique() > 1]
    return wanted or [(task, "dim_x" if by[task]["dim_x"].notna().all() else "n_samples") for task in tasks]


def _gaps(lacking: set[tuple[str, str, int, str]], absent: set[tuple[str, str]]) -> list[str]:
    """Which cells are averaged for nobody because of whom, and who has no point where."""
    said = []
    if lacking:
        who = [cell[3] for cell in lacking]
        names = ", ".join(f"{label} lacks {who.count(label)}" for label in sorted(set(who), key=natural))
        count = len({cell[:3] for cell in lacking})
        said.append(f"{count} cell{'s' * (count > 1)} left out ({names})")
    for label in sorted({label for label, _ in absent}, key=natural):
        places = sorted((place for name, place in absent if name == label), key=natural)
        said.append(f"{label} has no point at {', '.join(places)}: fewer than half of the cells")
    return said


def _scale(axis: Axes, values: Array, statistic: str) -> None:
    """A scale on which the worst does not press the others flat, and on which nothing is cut."""
    size = np.abs(values[values != 0])
    if statistic == "bias":
        axis.axhline(0, color="#999999", linewidth=1, zorder=1)
        if len(size) and size.max() > 100 * np.median(size):
            _symmetric(axis, values, float(10 ** np.ceil(np.log10(2 * np.median(size)))))
    elif len(size) and size.max() > 10 * size.min():
        steps = (1, 2, 5) if size.max() < 30 * size.min() else (1, 3) if size.max() < 300 * size.min() else (1,)
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=steps, numticks=7))
        axis.yaxis.set_major_formatter(lambda value, _: short(value))
        axis.yaxis.set_minor_formatter(NullFormatter())
    elif len(size):
        axis.set_ylim(0, 1.08 * size.max())


def _symmetric(axis: Axes, values: Array, within: float) -> None:
    """Linear up to `within` on both sides of 0, in decades beyond."""
    axis.set_yscale("symlog", linthresh=within)
    low, high = values.min(), values.max()
    axis.set_ylim(1.6 * low if low < -within else -1.2 * within, 1.6 * high if high > within else 1.2 * within)
    last = int(np.ceil(np.log10(np.abs(values).max() / within)))
    decades = within * 10.0 ** np.arange(0, last + 1, -(-(last + 1) // 4))
    axis.yaxis.set_major_locator(FixedLocator(sorted([*-decades, 0.0, *decades])))
    axis.yaxis.set_major_formatter(lambda value, _: short(value))

"""How near estimates come to the truth: over the truth, over n, over dimension, and cell by cell."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from mibench.errors import NothingMatched
from mibench.findings.summary import MIXED, natural
from mibench.plots.kinds import KINDS
from mibench.plots.style import caption, drawn, finish, looks, panels, style
from mibench.tables.numbers import short

PANELS = 12


def estimate(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Estimate against truth at the largest n: means with 95 % intervals, diagonal, ceilings.

    A panel a task, or a task and dimension where each dimension has points of its own. A line with a band joins the
    points of an estimator if no two of its panel share a truth; otherwise, and at single points, there are bars.
    """
    table = drawn(frame, unit)
    table = table[table["n_samples"] == table["n_samples"].max()]
    look = looks(list(table["label"]))
    parts = _panels(table)
    outside = 0
    with style():
        figure, axes = panels(len(parts))
        for axis, (title, part) in zip(axes, parts.items(), strict=True):
            span = max(part["truth"].max() - part["truth"].min(), 0.1)
            ends = (part["truth"].min() - 0.1 * span, part["truth"].max() + 0.1 * span)
            axis.plot(ends, ends, color="#CCCCCC", linewidth=3, zorder=1, label="estimate = truth")
            joined = _ladder(part)
            labels = sorted(part.loc[part["n_ok"] > 0, "label"].unique(), key=natural)
            gap = np.diff(np.unique(part["truth"].round(3))).min(initial=span)
            dodge = 0.0 if joined else min(0.06 * span, max(0.01 * span, 0.6 * gap / len(labels)))
            for i, label in enumerate(labels):
                mine = part[(part["label"] == label) & (part["n_ok"] > 0)].sort_values("truth")
                shift = (i - (len(labels) - 1) / 2) * dodge
                if joined and len(mine) > 1:
                    _band(axis, mine, look[label]["color"])
                    axis.plot(mine["truth"], mine["mean"], label=label, **look[label])
                    continue
                axis.errorbar(
                    mine["truth"] + shift,
                    mine["mean"],
                    yerr=(mine["ci_high"] - mine["mean"]).fillna(0),
                    label=label,
                    capsize=2,
                    **{**look[label], "linestyle": "none"},
                )
            for ceiling in sorted(part["ceiling"].dropna().unique()):
                if ceiling < 1.5 * part["truth"].max():
                    axis.axhline(ceiling, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), label="ceiling")
            low, high = ends[0] - span - 0.5, ends[1] + span + 0.5
            inside = part["mean"].between(low, high)
            outside += int((part["n_ok"] > 0).sum() - inside.sum())
            reach = part.loc[inside, ["mean", "ci_low", "ci_high"]].clip(low, high)
            least, most = np.nanmin([reach.min().min(), ends[0]]), np.nanmax([reach.max().max(), ends[1]])
            axis.set_ylim(least - 0.03 * (most - least), most + 0.03 * (most - least))
            axis.set(title=title, xlabel=f"true mutual information ({unit})", ylabel=f"estimate ({unit})")
        kinds = sorted({"bands" if _ladder(part) else "bars (side by side)" for part in parts.values()})
        said = f"{' and '.join(kinds)}: 95 % t-interval of the mean" + (
            f"; {outside} mean{'s lie' if outside > 1 else ' lies'} outside the frame" if outside else ""
        )
        return finish(figure, axes, KINDS["estimate"].title, caption(table, said))


def _ladder(part: pd.DataFrame) -> bool:
    """Whether the points rise in truth alone: two or more, none with the truth of another."""
    truths = part.drop_duplicates("point")["truth"].round(9)
    return len(truths) > 1 and truths.is_unique


def _panels(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cells by title: a task a panel, or a panel for each of its dimensions if that makes them ladders."""
    parts: dict[str, pd.DataFrame] = {}
    for task, part in table.groupby("task", sort=False):
        apart = {f"{task}, dimension {dim:g}": cells for dim, cells in part.groupby("dim_x")}
        split = len(apart) > 1 and not _ladder(part) and all(map(_ladder, apart.values()))
        parts |= apart if split else {str(task): part}
    if len(parts) > PANELS:
        return {str(task): part for task, part in table.groupby("task", sort=False)}
    return parts


def _band(axis: Axes, mine: pd.DataFrame, colour: str) -> None:
    """The interval of each mean as a band, its edges drawn so that it shows where others lie on it."""
    ends = mine["truth"], mine["ci_low"], mine["ci_high"]
    axis.fill_between(*ends, color=colour, alpha=0.13, linewidth=0, zorder=1.5)
    axis.fill_between(*ends, facecolor="none", edgecolor=colour, alpha=0.6, linewidth=0.5, zorder=1.5)


def bias(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Bias against n and against dimension, a panel a task, as far as the frame varies them."""
    return _against(frame, unit, "bias", "Bias (mean estimate − truth)")


def sd(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Standard deviation between seeds against n and dimension."""
    return _against(frame, unit, "sd", "Standard deviation between seeds")


def rmse(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Root mean square error against n and dimension."""
    return _against(frame, unit, "rmse", "Root mean square error")


def _plainly(value: float, _: float) -> str:
    return short(value)


def _against(frame: pd.DataFrame, unit: str, statistic: str, title: str) -> Figure:
    """A statistic over sample size and over dimension: one panel a task and axis that varies.

    What varies besides the axis is averaged over: thin lines to the points of a cell would hide the estimators.
    """
    table = drawn(frame, unit)
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
    with style():
        figure, axes = panels(len(wanted))
        for axis, (task, column) in zip(axes, wanted, strict=True):
            part = table[(table["task"] == task) & (table["n_ok"] > 0)]
            for label in sorted(part["label"].unique(), key=natural):
                line = part[part["label"] == label].groupby(column)[statistic].mean()
                axis.plot(line.index, line.to_numpy(), label=label, **look[label])
            drawn_values = np.concatenate([line.get_ydata() for line in axis.get_lines()] or [np.empty(0)])
            size = np.abs(drawn_values[np.isfinite(drawn_values) & (drawn_values != 0)])
            if statistic == "bias":
                axis.axhline(0, color="#999999", linewidth=1, zorder=1)
                if len(size) and size.max() > 100 * np.median(size):
                    axis.set_yscale("symlog", linthresh=float(2 * np.median(size)))
                    axis.yaxis.set_major_formatter(_plainly)
            elif len(size) and size.max() > 10 * size.min():
                steps = (1, 2, 5) if size.max() < 30 * size.min() else (1, 3) if size.max() < 300 * size.min() else (1,)
                axis.set_yscale("log")
                axis.yaxis.set_major_locator(LogLocator(subs=steps, numticks=7))
                axis.yaxis.set_major_formatter(_plainly)
                axis.yaxis.set_minor_formatter(NullFormatter())
            values = sorted(part[column].dropna().unique())
            if len(values) > 1 and values[0] > 0 and values[-1] / values[0] >= 4:
                axis.set_xscale("log")
            axis.set_xticks(values, [short(value, 6) for value in values])
            axis.minorticks_off()
            axis.set(title=task, xlabel=names[column], ylabel=f"{statistic} ({unit})")
        said = "mean over the cells of a task that share the abscissa"
        if (table["n_ok"] == 0).any():
            said += ", for each estimator those it has values for"
        return finish(figure, axes, title, caption(table, said))


ROWS = 60


def error(frame: pd.DataFrame, unit: str = "nats") -> Figure:
    """Root mean square error as a map: a row a task point, a column an estimator, at the largest n."""
    table = drawn(frame, unit)
    n = int(table["n_samples"].max())
    part = table[table["n_samples"] == n]
    names = (part["task"] + "/" + part["point"]).str.rstrip("/")
    rows, labels = list(dict.fromkeys(names)), sorted(part["label"].unique(), key=natural)
    shown = rows[:ROWS]
    value = (
        part.assign(row=names).pivot(index="row", columns="label", values="rmse").reindex(index=shown, columns=labels)
    )
    failed = part.assign(row=names).pivot(index="row", columns="label", values="n_failed")
    failed = failed.reindex(index=shown, columns=labels)
    codes = part.assign(row=names).pivot(index="row", columns="label", values="n_codes")
    mixed = codes.reindex(index=shown, columns=labels).to_numpy(dtype=float) > 1
    error_of, failed_of = value.to_numpy(dtype=float), failed.to_numpy(dtype=float)
    finite = error_of[np.isfinite(error_of)]
    if not len(finite):
        raise NothingMatched("no cell at the largest n has an ok trial")
    floor = max(finite.min(), finite.max() / 1e3, 1e-12)
    shade = np.log(np.clip(error_of, floor, None))
    low, high = np.log(floor), max(np.log(max(finite.max(), floor)), np.log(floor) + 1e-9)
    with style():
        wide = max(3.4, 0.085 * max(map(len, shown)) + 0.62 * len(labels))
        figure, (axis,) = panels(1, panel=(wide, 0.24 * len(shown) + 0.35 + 0.055 * max(map(len, labels))))
        axis.grid(False)
        # 0.6 beyond the worst: its grey leaves black letters a contrast of 4.5
        axis.pcolormesh(np.ma.masked_invalid(shade), cmap="Greys", vmin=low, vmax=high + 0.6 * (high - low))
        axis.set(xlim=(0, len(labels)), ylim=(len(shown), 0))
        for i in range(len(shown)):
            for j in range(len(labels)):
                text = f"{error_of[i, j]:#.3g}" if np.isfinite(error_of[i, j]) else "failed"
                if np.isnan(failed_of[i, j]):
                    text = "not run"
                elif text == "failed" and not failed_of[i, j]:
                    text = "n/a"
                elif failed_of[i, j] and text != "failed":
                    text += "†"
                text += MIXED if mixed[i, j] else ""
                axis.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=7)
        axis.set_xticks(np.arange(len(labels)) + 0.5, labels, rotation=40, ha="left", rotation_mode="anchor")
        axis.xaxis.tick_top()
        axis.set_yticks(np.arange(len(shown)) + 0.5, shown)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
        left_out = f"the first {ROWS} of {len(rows)} points; " if len(rows) > ROWS else ""
        said = f"{left_out}darker is worse, in logarithmic steps; † some trials failed"
        return finish(figure, [axis], f"Root mean square error ({unit})", caption(part, said))

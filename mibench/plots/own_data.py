"""Figures of findings from own data: estimates with their intervals, how they move with n, broken pairs, many pairs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mibench.owndata import UNITS, Findings, Matrix
from mibench.plots.style import Drawing, finish, looks, panels, style

MOST_NAMED = 40
"""Columns of a heat map that are named one by one."""


NAMES = ("pairs", "estimates", "calibration", "rows", "broken")
"""All that there may be."""


def figures(found: Findings | Matrix) -> dict[str, Figure]:
    """What can be drawn of the findings, by name."""
    with style():
        drawn = {"pairs": _pairs(found)} if isinstance(found, Matrix) else _of_lines(found)
    return {name: finish(drawing) for name, drawing in drawn.items() if drawing is not None}


def _of_lines(found: Findings) -> Mapping[str, Drawing | None]:
    records = [one for one in found.to_dict()["estimates"] if one["value"] is not None]
    look = looks([one["estimator"] for one in records])
    return {
        "estimates": _estimates(found, records, look) if records else None,
        "calibration": _calibration(found),
        "rows": _rows(found, [one for one in records if len(one["by_rows"]) > 1], look),
        "broken": _broken(found, [one for one in records if one["null"]], look),
    }


def _estimates(found: Findings, records: list[dict[str, Any]], look: Mapping[str, Any]) -> Drawing:
    figure, (axes,) = panels(1, (5.2, 0.7 + 0.3 * len(records)))
    for place, one in enumerate(reversed(records)):
        low, high = one["interval"] or (one["value"], one["value"])
        mark = {key: look[one["estimator"]][key] for key in ("color", "marker", "markerfacecolor")}
        axes.plot([low, high], [place, place], "-", color=mark["color"])
        axes.plot([one["value"]], [place], linestyle="none", **mark)
    axes.axvline(0, color="#7F7F7F", linewidth=0.8)
    axes.set_yticks(range(len(records)), [one["estimator"] for one in reversed(records)])
    axes.set_ylim(-0.6, len(records) - 0.4)
    axes.set_xlabel(f"mutual information ({found.unit})")
    none = [one["estimator"] for one in records if one["interval"] is None]
    without = f"; no interval of {', '.join(none)}" if none else ""
    said = (
        f"n = {found.sample.n}; bars: 95 % intervals of each estimator's own mean, which do not hold its bias{without}."
    )
    return Drawing(figure, [axes], "Estimates", said)


def _rows(found: Findings, records: list[dict[str, Any]], look: Mapping[str, Any]) -> Drawing | None:
    if not records:
        return None
    figure, (axes,) = panels(1)
    for one in records:
        n, mean = np.array(one["by_rows"], dtype=float).T
        axes.errorbar(1 / n, mean, one["sd"], label=one["estimator"], elinewidth=0.6, **look[one["estimator"]])
    axes.set_xlim(left=0)
    axes.set_xlabel("1 / rows of a part")
    axes.set_ylabel(f"mean over parts ({found.unit})")
    said = (
        "Bars: ± one standard deviation. A line that is flat within its bars has little bias that falls with n; one "
        "that slopes points, at 0, to what more rows would say."
    )
    return Drawing(figure, [axes], "Estimates from parts of the rows", said)


def _broken(found: Findings, records: list[dict[str, Any]], look: Mapping[str, Any]) -> Drawing | None:
    if not records:
        return None
    figure, axes = panels(len(records))
    for one, axis in zip(records, axes, strict=True):
        axis.hist(one["null"], bins="auto", color="#BBBBBB")
        axis.axvline(one["value"], color=look[one["estimator"]]["color"])
        axis.set_title(f"{one['estimator']}, p = {one['p']:.3g}")
        axis.set_xlabel(found.unit)
    counts = max(one["permutations"] for one in records)
    return Drawing(
        figure, list(axes), "Broken pairs", f"Bars: {counts} samples whose pairs were broken; line: your sample."
    )


def _calibration(found: Findings) -> Drawing | None:
    calibrated = found.calibrated
    if calibrated is None or not calibrated.responses:
        return None
    scale = UNITS[found.unit]
    figure, axes = panels(len(calibrated.responses))
    look = looks([one["estimator"] for one in found.to_dict()["estimates"]])
    for one, axis in zip(calibrated.responses, axes, strict=True):
        axis.axvspan(*(end * scale for end in calibrated.interval), color="#0072B2", alpha=0.15, linewidth=0)
        axis.plot(np.repeat(one.truths, 2) * scale, one.values.ravel() * scale, ".", color="#7F7F7F", markersize=2.5)
        most = one.truths.max() * scale
        axis.plot([0, most], [0, most], "-", color="#7F7F7F", linewidth=0.8)
        axis.axhline(one.observed * scale, color=look.get(one.label, {}).get("color", "#D55E00"))
        axis.set_title(one.label)
        axis.set_xlabel(f"true ({found.unit})")
    axes[0].set_ylabel(f"estimate ({found.unit})")
    said = (
        f"Dots: samples like yours whose information is known, n = {calibrated.rows}; grey: where estimates are right; "
        "coloured: what is seen of your sample, ties broken as in theirs; tinted: true values that fit, by all of it."
    )
    return Drawing(figure, list(axes), "What samples like yours look like", said)


def _pairs(found: Matrix) -> Drawing | None:
    if not found.pairs:
        return None
    records = found.to_dict()["pairs"]
    xs, ys = (list(dict.fromkeys(one[side] for one in records)) for side in ("x", "y"))
    values = np.full((len(xs), len(ys)), np.nan)
    for one in records:
        if one["value"] is not None:
            values[xs.index(one["x"]), ys.index(one["y"])] = one["value"]
    size = (max(4.0, 2.2 + 0.28 * min(len(ys), MOST_NAMED)), 0.8 + 0.2 * min(len(xs), MOST_NAMED))
    figure, (axes,) = panels(1, size)
    axes.grid(False)
    axes.set_facecolor("#F6D9C6")
    image = axes.imshow(values, aspect="auto", cmap="Greys", vmin=0)
    figure.colorbar(image, ax=axes, label=found.unit)
    if len(ys) <= MOST_NAMED:
        axes.set_xticks(range(len(ys)), ys, rotation=90)
    if len(xs) <= MOST_NAMED:
        axes.set_yticks(range(len(xs)), xs)
    for one in records:
        if one["p_adjusted"] is not None and one["p_adjusted"] <= 0.05:
            axes.plot(ys.index(one["y"]), xs.index(one["x"]), ".", color="#D55E00")
    unknown = " Tinted: nothing could be estimated." if np.isnan(values).any() else ""
    tested = any(one["permutations"] for one in records)
    said = f"n = {found.sample.n}{f'; dots: adjusted p ({found.adjust}) at most 0.05' * tested}.{unknown}"
    return Drawing(figure, [axes], "Each column of x with each of y", said)

"""What trained models made, terms beside one another: by the names and shapes of the arrays that they left."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from mibench.errors import NothingMatched, Passed
from mibench.findings.scores import by_application, scored
from mibench.plots.style import COLOURS, Drawing, models_caption, panels, style
from mibench.tables.numbers import number

Array = npt.NDArray[Any]

LEAST_SIDE = 8
"""Pixels of a picture that comes as a row of numbers."""
ACROSS = 16
"""Pictures of a model that are drawn."""
WIDE = 5.4
"""Inches of their row."""
DOTS = 1500
"""Points of a panel that are drawn."""
FARTHEST = 1e150
"""Coordinates whose distances are finite too."""
CLASS_COLOURS = (*COLOURS, "#882255", "#999933", "#332288", "#AA4499")
"""As many classes are told apart."""


@dataclass(frozen=True)
class Made:
    """What one model left that can be drawn, by name, and of the rest why it cannot."""

    points: dict[str, Array] = field(default_factory=dict)
    """`(n, 2)`."""
    pictures: dict[str, Array] = field(default_factory=dict)
    """`(n, height, width)`, or `(n, height, width, 3)`."""
    modes: Array | None = None
    """`(k, 2)`: where points ought to be."""
    labels: Array | None = None
    """`(n,)`: the classes of points."""
    odd: dict[str, str] = field(default_factory=dict)


def pictures(rows: pd.DataFrame, unit: str, left: Mapping[str, Mapping[str, Array]]) -> dict[str, Drawing]:
    """A figure an application: a panel a label where it left points, a row a label where it left pictures.

    The models are those of the first seed that most labels have. A warning tells of arrays that cannot be drawn.
    """
    drawn: dict[str, Drawing] = {}
    for application, part in by_application(rows):
        with_some = part[part["ok"] & part["trial_id"].isin(list(left))]
        if with_some.empty:
            continue
        seed = with_some.groupby("seed").size().idxmax()
        shown = with_some[with_some["seed"] == seed]
        made = {label: _sorted(left[trial]) for label, trial in zip(shown["label"], shown["trial_id"], strict=True)}
        for name, why in {name: why for one in made.values() for name, why in one.odd.items()}.items():
            warnings.warn(f"{application}: picture '{name}' is not drawn: {why}", Passed, stacklevel=2)
        said = f"models of seed {seed:.0f}"
        if lacking := [label for label in dict.fromkeys(with_some["label"]) if label not in made]:
            said += f", which {', '.join(lacking)} lacks"
        sorts = {
            "points": {label: one for label, one in made.items() if one.points},
            "pictures": {label: one for label, one in made.items() if one.pictures},
        }
        for what, of in sorts.items():
            if of:
                with style():
                    figure, axes, more = (_panels if what == "points" else _rows)(of, _named(shown))
                title = f"{application}: {what}" if all(sorts.values()) else application
                drawn[title] = Drawing(figure, axes, title, models_caption(part, "; ".join([said, *more])))
    if not drawn:
        raise NothingMatched("no trained model left a picture that can be drawn")
    return drawn


def _named(rows: pd.DataFrame) -> dict[str, str]:
    """Each label with the score that decides under it."""
    long = scored(rows)
    first = long[(long["order"] == 0) & np.isfinite(long["value"])]
    said = {
        label: f"{label}\n{score} {number(value)}"
        for label, score, value in first[["label", "score", "value"]].itertuples(index=False, name=None)
    }
    return {label: said.get(label, label) for label in rows["label"]}


def _sorted(arrays: Mapping[str, Array]) -> Made:
    """The arrays by what they are: see `docs/applications.md`."""
    points: dict[str, Array] = {}
    pictures: dict[str, Array] = {}
    odd: dict[str, str] = {}
    modes: Array | None = None
    labels: Array | None = None
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            odd[name] = f"it holds {array.dtype}, no numbers"
        elif name == "labels" and array.ndim == 1:
            labels = array
        elif array.ndim == 2 and array.shape[1] == 2 and len(array):
            if name == "modes":
                modes = array[_drawable(array)].astype(float)
            else:
                points[name] = array.astype(float)
        elif (found := _as_pictures(array)) is not None:
            pictures[name] = found
        else:
            odd[name] = f"{array.shape} is no shape of points (n, 2), nor of pictures (n, height, width) or (n, side²)"
    if labels is not None:
        classes = len(np.unique(labels))
        if not any(len(labels) == len(one) for one in points.values()):
            odd["labels"] = f"{labels.shape} is no shape of classes (n,) of points (n, 2)"
        elif classes > len(CLASS_COLOURS):
            odd["labels"] = f"{classes} classes are more than the {len(CLASS_COLOURS)} told apart"
    return Made(points, pictures, modes, None if "labels" in odd else labels, odd)


def _as_pictures(array: Array) -> Array | None:
    """`(n, height, width)`, or `(n, height, width, 3)`, of an array that holds pictures."""
    if array.ndim == 2:
        for colours in (1, 3):
            side = isqrt(array.shape[1] // colours)
            if side >= LEAST_SIDE and colours * side**2 == array.shape[1]:
                array = array.reshape(-1, colours, side, side)
                break
    if array.ndim == 4 and array.shape[1] in (1, 3):
        array = np.moveaxis(array, 1, 3)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    fits = array.ndim == 3 or (array.ndim == 4 and array.shape[3] == 3)
    return array if fits and array.size else None


def _names(made: Mapping[str, Made], what: str) -> list[str]:
    return list(dict.fromkeys(name for one in made.values() for name in getattr(one, what)))


def _panels(made: Mapping[str, Made], named: Mapping[str, str]) -> tuple[Figure, list[Axes], list[str]]:
    """A panel a label and array of points; those of an array without classes share one frame."""
    names = _names(made, "points")
    shown = [(label, name) for name in names for label, one in made.items() if name in one.points]
    figure, axes = panels(len(shown), (2.15, 2.4), abreast=min(4, max(2, len(made))))
    gone: dict[str, int] = {}
    for axis, (label, name) in zip(axes, shown, strict=True):
        one = made[label]
        points, labels = one.points[name], one.labels
        finite = _drawable(points)
        if not finite.all():
            gone[label] = gone.get(label, 0) + int((~finite).sum())
        if labels is not None and len(labels) == len(points):
            labels = labels[finite]
        points = points[finite]
        if labels is None or len(labels) != len(points):
            _scatter(axis, points[:DOTS], one.modes, name)
            _frame(axis, np.concatenate([other.points[name] for other in made.values() if name in other.points]), one)
            axis.set_aspect("equal")
            for scale in (axis.xaxis, axis.yaxis):
                scale.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
        else:
            _classes(axis, points[:DOTS], labels[:DOTS])
            _frame(axis, points, one)
            axis.set(xticks=[], yticks=[])
        axis.set_title(named[label] + f"\n{name}" * (len(names) > 1), fontsize=8)
    said = ["numerals: classes"] * any(one.labels is not None for one in made.values())
    most = max(len(points) for one in made.values() for points in one.points.values())
    said += [f"the first {DOTS} points of {most}"] * (most > DOTS)
    lost = ", ".join(f"{label} {count}" for label, count in gone.items())
    return figure, axes, said + [f"left out: points that are not finite, or beyond {FARTHEST:g} ({lost})"] * bool(gone)


def _drawable(points: Array) -> npt.NDArray[np.bool_]:
    """Which points an axis can hold."""
    return np.asarray((np.abs(points) < FARTHEST).all(1))


def _scatter(axis: Axes, points: Array, modes: Array | None, name: str) -> None:
    dots: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0, "color": COLOURS[0]}
    if modes is not None:
        hollow = {**dots, "markeredgewidth": 1, "markerfacecolor": "white", "color": "#999999"}
        axis.plot(*modes.T, markersize=6, label="modes", **hollow)
    axis.plot(*points.T, markersize=1.3, alpha=0.5, rasterized=True, **dots)
    axis.plot([], [], markersize=4, label=name, **dots)


def _classes(axis: Axes, points: Array, labels: Array) -> None:
    """A class is its numeral, in a colour of its own."""
    for colour, value in zip(CLASS_COLOURS, np.unique(labels), strict=False):
        mine: dict[str, Any] = {"marker": _numeral(f"{value:g}"), "markersize": 4.4, "color": colour}
        axis.plot(*points[labels == value].T, linestyle="none", markeredgewidth=0, rasterized=True, **mine)


def _numeral(text: str) -> Path:
    """A text as a marker, its middle at the point."""
    path = TextPath((0, 0), text, size=1)
    box = path.get_extents()
    return Path(path.vertices - [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2], path.codes)


def _frame(axis: Axes, points: Array, one: Made) -> None:
    """A frame of the modes and nearly all points; of all, where there are no modes and none of them ran far off."""
    finite = points[_drawable(points)]
    if not len(finite):
        return
    ends, most = (np.percentile(finite, cut, axis=0) for cut in ((0, 100), (1, 99)))
    if one.modes is not None:
        ends = np.concatenate([most, one.modes])
    elif (np.ptp(ends, axis=0) > 1.8 * np.ptp(most, axis=0)).any():
        ends = most
    low, high = ends.min(0), ends.max(0)
    room = 0.1 * np.maximum(high - low, 1e-9)
    axis.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))


def _rows(made: Mapping[str, Made], named: Mapping[str, str]) -> tuple[Figure, list[Axes], list[str]]:
    """A row a label under the name of each array; what all labels share is one row."""
    lines: list[tuple[str, str, Array, tuple[float, float]]] = []
    for name in _names(made, "pictures"):
        each = {label: one.pictures[name] for label, one in made.items() if name in one.pictures}
        between = _range(list(each.values()))
        first, *others = each.values()
        if others and all(np.array_equal(first, other) for other in others):
            lines.append(("", name, first, between))
        else:
            scores = not any(head for head, *_ in lines)
            lines += [(name, named[label] if scores else label, array, between) for label, array in each.items()]
    across = min(ACROSS, max(len(array) for _, _, array, _ in lines))
    y, group = 0.0, ""
    heads, places, tiles = [], [], []
    for head, text, array, between in lines:
        if head != group:
            y += 0.9 if y else 0.6
            heads.append((y - 0.2, head))
            group = head
        tall, tile = _mosaic(array[:across], between)
        tiles.append((tile, (0, min(across, len(array)), y + tall, y)))
        places.append((y + tall / 2, text))
        y += tall + 0.16
    letters = max(len(word) for _, text in places for word in text.split("\n"))
    inch = WIDE / ACROSS
    figure, (axis,) = panels(1, (0.07 * letters + inch * across, inch * y + 0.15))
    axis.grid(False)
    axis.set_anchor("NW")  # room that is left over lies where no name stands
    for tile, extent in tiles:
        axis.imshow(tile, extent=extent, interpolation="none", aspect="equal")
    for top, text in heads:
        axis.text(0, top, text, fontsize=8, fontweight="bold", color="#444444", va="bottom")
    axis.set(xlim=(0, across), ylim=(y, 0), xticks=[])
    axis.set_yticks([place for place, _ in places], [text for _, text in places])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    most = max(len(array) for _, _, array, _ in lines)
    said = [f"the first {across} of {most} pictures"] * (most > across)
    lost = sum(int((~np.isfinite(array[:across])).sum()) for _, _, array, _ in lines)
    return figure, [axis], said + [f"{lost} pixels that are not finite are black"] * (lost > 0)


def _range(arrays: Sequence[Array]) -> tuple[float, float]:
    """Black and white: 0 and 1, or 0 and 255 of bytes, or what all finite values lie between."""
    values = np.concatenate([array[np.isfinite(array)] for array in arrays])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low >= 0 and high <= 1:
        return 0, 1
    return (0, 255) if all(array.dtype == np.uint8 for array in arrays) else (low, high)


def _mosaic(array: Array, between: tuple[float, float]) -> tuple[float, Array]:
    """Pictures in a row with gaps, `(height, n (width + gap), 4)`, and its height where picture and gap are 1 wide."""
    n, height, width = array.shape[:3]
    gap = max(1, round(width / 8))
    low, high = between
    grey = np.nan_to_num(np.clip((array.astype(float) - low) / ((high - low) or 1), 0, 1))
    tile = np.zeros((height, n, width + gap, 4))
    tile[:, :, :width, :3] = np.swapaxes(grey if grey.ndim == 4 else grey[..., None], 0, 1)
    tile[:, :, :width, 3] = 1
    return height / (width + gap), tile.reshape(height, -1, 4)

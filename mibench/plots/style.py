"""One style for all figures: print, colour-blind eyes, no colour at all; legends outside the data."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mibench.errors import NothingMatched
from mibench.findings.summary import MIXED, cells, mixed_note, natural

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
"""Okabe and Ito's palette, told apart by colour-blind eyes, ordered by contrast on white; yellow is left out."""
MARKERS = "osD^vPX*<>pd"
"""Hollow for the first twelve estimators, filled for the next."""
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 2)))
STYLE: dict[str, Any] = {
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
"""Inches of one panel: two to the width of a page, or of a phone held near."""
ALONE = (4.6, 3.0)
"""Inches of a panel that stands alone."""


@contextmanager
def style() -> Iterator[None]:
    """matplotlib with our settings and no one else's, and as it was before when the block ends."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def looks(labels: list[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dash of each label; no two of the first 24 share a marker and its filling."""
    return {
        label: {
            "color": COLOURS[i % len(COLOURS)],
            "marker": MARKERS[i % len(MARKERS)],
            "markerfacecolor": COLOURS[i % len(COLOURS)] if i // len(MARKERS) % 2 else "white",
            "linestyle": DASHES[i % len(DASHES)],
        }
        for i, label in enumerate(sorted(set(labels), key=natural))
    }


def panels(count: int, panel: tuple[float, float] = PANEL, abreast: int = 0) -> tuple[Figure, list[Axes]]:
    """Two abreast, as wide as a page's text, so that nothing shrinks in print; three or four if there are many."""
    if count == 1 and panel == PANEL:
        panel = ALONE
    across = min(count, abreast or (2 if count <= 6 else 3 if count <= 12 else 4))
    down = -(-count // across)
    figure = Figure(figsize=(panel[0] * across + 0.2, panel[1] * down))
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for spare in axes[count:]:
        spare.remove()
    return figure, list(axes[:count])


@dataclass(frozen=True)
class Drawing:
    """A figure with its panels drawn, and the words that `finish` puts around them."""

    figure: Figure
    axes: list[Axes]
    title: str
    caption: str


def finish(drawing: Drawing, title: bool = True, caption: bool = True) -> Figure:
    """The title above the panels; below them one legend, with every handle once, and the caption."""
    with style():
        return _finished(
            drawing.figure, drawing.axes, drawing.title if title else "", drawing.caption if caption else ""
        )


def _finished(figure: Figure, axes: list[Axes], title: str, caption: str) -> Figure:
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    width = figure.get_figwidth()
    head = textwrap.wrap(title, max(20, int(width * 11)))
    foot = textwrap.wrap(caption, max(20, int(width * 17)))
    columns = max(1, min(len(handles), int(width / (0.55 + 0.065 * max(map(len, handles), default=0)))))
    legend = -(-len(handles) // columns) * 0.18 + 0.1 if handles else 0.0
    below, above = 0.14 * len(foot) + 0.06, 0.17 * len(head) + 0.1
    height = figure.get_figheight() + below + legend + above
    figure.set_figheight(height)
    room = (0, (below + legend) / height, 1, 1 - (below + legend + above) / height)
    figure.set_layout_engine("constrained", h_pad=0.07, rect=room)
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
    if head:
        figure.text(0.5, 1 - 0.05 / height, "\n".join(head), fontsize=10, fontweight="bold", ha="center", va="top")
    if foot:
        figure.text(0.5, 0.04 / height, "\n".join(foot), fontsize=7.5, color="#444444", ha="center", va="bottom")
    return figure


def caption(table: pd.DataFrame, extra: str = "", failed: str = "failed trials left out") -> str:
    """n, seeds, failures, and whether values are of samples that training did not see: what the figure is made of."""
    ns = sorted(table["n_samples"].unique())
    seeds = sorted(table["n_seeds"].unique())
    parts = [
        "n = " + (str(ns[0]) if len(ns) == 1 else f"{ns[0]} to {ns[-1]}"),
        (f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}")
        + (" seed a cell" if seeds[-1] == 1 else " seeds a cell"),
    ]
    failures = int(table["n_failed"].sum())
    parts.append(f"{failures} {failed}" if failures else "no failed trials")
    unsupported = int(table["n_unsupported"].sum())
    parts += [f"{unsupported} unsupported"] if unsupported else []
    parts += filter(None, [_held_out(table[table["n_ok"] > 0]), extra, *mixed_note(table)])
    return "; ".join(parts) + "."


def models_caption(rows: pd.DataFrame, said: str) -> str:
    """What is said of an application's figure, and what of its rows failed or should not be taken together."""
    failed = int(rows["failed"].sum())
    codes = rows.groupby("label")["code"].nunique()
    mixed = sorted(map(str, codes.index[codes > 1]), key=natural)
    parts = [said, f"{failed} failed trials left out" if failed else "no failed trials"]
    parts += [f"{MIXED} rows made by different code are taken together: {', '.join(mixed)}"] * bool(mixed)
    return "; ".join(parts) + "."


def _held_out(table: pd.DataFrame) -> str:
    """What the rows prove: who trained on fewer pairs than n, or on fresh ones, was read on others."""
    trained = table["samples_seen"].notna()
    unproven = sorted(set(table.loc[table["samples_seen"] == table["n_samples"], "label"]), key=natural)
    if unproven:
        return f"not known to be held out: {', '.join(unproven)}"
    if trained.all():
        return "values on held-out samples"
    others = "values of the whole sample, without training"
    return f"trained estimators: values on held-out samples; others: {others}" if trained.any() else others


def drawn(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The cells of a frame whose truth is a number. Raises NothingMatched where none of them has an ok trial."""
    table = cells(frame, unit)
    table = table[np.isfinite(table["truth"].astype(float))]
    drawn = table[table["n_ok"] > 0]
    if drawn.empty:
        raise NothingMatched(f"nothing to draw: {len(table)} cells, and no trial of them is ok")
    return table


def save(figure: Figure, target: Path | BinaryIO, form: str, dots: int = 200) -> None:
    """Write a figure as png, svg or pdf, `dots` an inch what is no line; the bytes depend on the rows alone."""
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None},
    }
    with style():
        figure.savefig(target, format=form, dpi=dots, metadata=metadata[form])

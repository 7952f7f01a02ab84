"""Root mean square error as a map: estimators by rank, task points by regime."""

import numpy as np
import pandas as pd

from mibench.findings.error_map import error_map
from mibench.plots.style import Drawing, caption, drawn, panels, style
from mibench.tables.error_map import KEY, entries, shades, without_task

ROWS = 80
"""Task points that the map shows; the report has all."""


def error(frame: pd.DataFrame, unit: str = "nats") -> Drawing:
    """A row a task point at its largest n, a column an estimator, the nearest to the truth first."""
    drawn(frame, unit)
    found = error_map(frame, unit)
    labels = found.labels
    names: list[str] = []
    texts: list[list[str]] = []
    shade: list[np.ndarray] = []
    at: list[float] = []
    heads: list[tuple[float, str]] = []
    y, left_out = 0.0, 0
    for regime, rows in found.groups:
        keys, words, errors = entries(rows, labels)
        room = max(0, ROWS - len(names))
        left_out += max(0, len(keys) - room)
        if room:
            heads += [(y + 0.6, regime)] if regime else []
            at += [y + bool(regime) + i for i in range(len(keys[:room]))]
            names += keys[:room]
            texts += words[:room]
            shade += list(shades(errors, found)[:room])
            y = at[-1] + 1.15
    one, shown = without_task(names)
    with style():
        wide = max(3.4, 0.078 * max(map(len, shown)) + 0.56 * len(labels))
        figure, (axis,) = panels(1, panel=(wide, 0.21 * y + 0.35 + 0.055 * max(map(len, labels))))
        axis.grid(False)
        axis.set(xlim=(0, len(labels)), ylim=(y, 0))
        for top, level, row in zip(at, shade, texts, strict=True):
            # 0.6 beyond the worst: its grey leaves black letters a contrast of 4.5
            edges = np.arange(len(labels) + 1), [top, top + 1]
            axis.pcolormesh(*edges, np.ma.masked_invalid(level)[None], cmap="Greys", vmin=0, vmax=1.6)
            for j, text in enumerate(row):
                axis.text(j + 0.5, top + 0.5, text, ha="center", va="center", fontsize=7)
        for top, regime in heads:
            axis.text(0.05, top, regime, fontsize=7, fontweight="bold", color="#444444", va="center")
        axis.set_xticks(np.arange(len(labels)) + 0.5, list(labels), rotation=40, ha="left", rotation_mode="anchor")
        axis.xaxis.tick_top()
        axis.set_yticks([top + 0.5 for top in at], shown)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
    said = f"{f'{left_out} more points left out; ' if left_out else ''}estimators by mean rank; {KEY}"
    title = f"Root mean square error ({unit})" + (f" on {one}" if one else "")
    return Drawing(figure, [axis], title, caption(found.cells, said))

"""Curves of trained models: what an application wrote down over its steps, or over the values it chose from."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mibench.errors import NothingMatched
from mibench.findings.scores import by_application, scored
from mibench.interface import Array
from mibench.plots.style import Drawing, looks, models_caption, panels, style
from mibench.plots.training import PANELS, beyond, thinned, unseen
from mibench.tables.numbers import ARROWS, short

NATS = "mi"
"""The curve of this name is the term's own bound in nats."""
CROWD = 6
"""Estimators in a figure above which single seeds have no line of their own."""
FAR = 30
"""Times the median distance from the median, beyond which a value is out of the frame."""


@dataclass(frozen=True)
class Trace:
    """One curve of one trial: `over` names what x is, and `chosen` is the x that was picked, if one was."""

    over: str
    x: Array
    y: Array
    chosen: float | None = None


def curves(
    rows: pd.DataFrame, unit: str, left: Mapping[str, Mapping[str, Sequence[tuple[int, float | None]]]]
) -> dict[str, Drawing]:
    """A figure an application, a panel a curve of its trials: the mean over seeds, single seeds thin.

    Where a row's `chosen` has `NAME` and the list `NAMEs` of all that was tried, one for each place of a curve, the
    curve is over them. A curve of one point is a level line.
    """
    look, drawn = looks(list(rows["label"])), {}
    for name, part in by_application(rows):
        found = _traces(part[part["ok"]], unit, left)
        if found:
            drawn[name] = _drawing(name, part, found, look, unit)
    if not drawn:
        raise NothingMatched("no trained model left a curve")
    return drawn


Traces = dict[str, dict[str, list[Trace]]]
"""By name of the curve and label."""


def _traces(
    rows: pd.DataFrame, unit: str, left: Mapping[str, Mapping[str, Sequence[tuple[int, float | None]]]]
) -> Traces:
    """The curves that have something to show: one of them has two points or more."""
    found: Traces = {}
    for label, trial, chosen in rows[["label", "trial_id", "chosen"]].itertuples(index=False, name=None):
        for name, curve in left.get(trial, {}).items():
            if len(curve):
                trace = _trace(curve, chosen, unit if name == NATS else "nats")
                found.setdefault(name, {}).setdefault(label, []).append(trace)
    return {
        name: by for name, by in found.items() if any(len(trace.x) > 1 for traces in by.values() for trace in traces)
    }


def _trace(curve: Sequence[tuple[int, float | None]], chosen: str, unit: str) -> Trace:
    x, y = thinned(curve, unit)
    said: Any = {}
    with contextlib.suppress(ValueError):
        said = json.loads(chosen)
    for name, picked in said.items() if isinstance(said, dict) else ():
        tried = said.get(f"{name}s")
        if isinstance(tried, list) and len(tried) == len(x) and list(x) == list(range(len(x))):
            with contextlib.suppress(TypeError, ValueError):
                values = np.array(tried, dtype=float)
                if np.isfinite(values).all():
                    return Trace(name, values, y, float(picked))
    return Trace("step", x, y)


def _drawing(name: str, rows: pd.DataFrame, found: Traces, look: Mapping[str, Any], unit: str) -> Drawing:
    better = dict(scored(rows)[["score", "better"]].itertuples(index=False, name=None))
    beside = {NATS: f"({unit})", **{score: ARROWS.get(way, "") for score, way in better.items()}}
    labels = list(dict.fromkeys(label for label in rows["label"] if any(label in by for by in found.values())))
    gone: set[tuple[str, str]] = set()
    seeds = len(labels) <= CROWD
    with style():
        figure, axes = panels(min(len(found), PANELS))
        for axis, (curve, by) in zip(axes, found.items(), strict=False):
            for label in (label for label in labels if label in by):
                _draw(axis, by[label], label, look[label], seeds)
            gone |= {(label, curve) for label in _frame(axis, by) | unseen(axis, by)}
            axis.set(title=f"{curve} {beside.get(curve, '')}".strip())
    count = rows["seed"].nunique()
    said = [f"thick: means over {count} seeds" if seeds else f"means over {count} seeds"] if count > 1 else ["one seed"]
    said += [f"the first {PANELS} of {len(found)} curves"] * (len(found) > PANELS)
    if any(trace.chosen is not None for by in found.values() for traces in by.values() for trace in traces):
        said.append(f"markers: what {'each seed' if seeds else 'most seeds'} chose on validation data")
    return Drawing(figure, axes, f"{name}: curves", models_caption(rows, "; ".join(said) + beyond(gone)))


def _draw(axis: Axes, traces: Sequence[Trace], label: str, look: Mapping[str, Any], seeds: bool) -> None:
    """One label's lines, and marks at what its seeds chose."""
    mean = pd.concat([pd.Series(trace.y, trace.x) for trace in traces]).groupby(level=0).mean()
    marks = [(t.chosen, y) for t in traces if len(t.x) > 1 for x, y in zip(t.x, t.y, strict=True) if x == t.chosen]
    if marks and not seeds:
        most = pd.Series([chosen for chosen, _ in marks]).mode()[0]
        marks = [(most, mean[most])]
    thick = {**look, "linewidth": 1.4, "markevery": [], **({} if marks else {"marker": ""})}
    thin = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 0.5, "alpha": 0.5}
    every = [(trace, thin, f"_{label}") for trace in traces if seeds and len(traces) > 1]
    every.append((Trace("", np.asarray(mean.index, np.float64), np.asarray(mean, np.float64)), thick, label))
    for trace, line, called in every:
        if len(trace.x) == 1:
            axis.axhline(trace.y[0], label=called, **line)
        else:
            axis.plot(trace.x, trace.y, label=called, **line)
    if marks:
        axis.plot(*zip(*marks, strict=True), label=f"_{label}", **{**look, "linestyle": "none"})


def _frame(axis: Axes, by: Mapping[str, Sequence[Trace]]) -> set[str]:
    """Spread what was tried; and leave out of the frame, and name, what ran off and would press the others flat."""
    several = [trace for traces in by.values() for trace in traces if len(trace.x) > 1]
    x = np.concatenate([trace.x for trace in several])
    if several[0].over != "step" and x.min() >= 0 and x.max() > 0 and x.max() > 10 * x[x > 0].min():
        if x.min() > 0:
            axis.set_xscale("log")
        else:
            axis.set_xscale("symlog", linthresh=x[x > 0].min())
        axis.xaxis.set_major_formatter(lambda value, _: short(value))
    axis.set(xlabel=several[0].over)
    values = {label: np.concatenate([trace.y for trace in traces]) for label, traces in by.items()}
    values = {label: y[np.isfinite(y)] for label, y in values.items()}
    every = np.concatenate(list(values.values()))
    if not len(every):
        return set()
    middle = np.median(every)
    far = FAR * np.median(np.abs(every - middle))
    gone = {label for label, y in values.items() if len(y) and np.abs(y - middle).max() > far > 0}
    if gone and gone < values.keys():
        near = np.concatenate([y for label, y in values.items() if label not in gone])
        room = 0.08 * np.ptp(near)
        axis.set_ylim(near.min() - room, near.max() + room)
        return gone
    return set()

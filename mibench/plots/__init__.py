"""Figures of a frame of trials: the only room that imports matplotlib.

Every kind of figure is a function of (trials, unit, curves) that returns a matplotlib `Figure` made without pyplot, so
nothing global is touched. Estimators keep one colour, marker and dash through all figures of a frame, and differ in all
three: the figures read in black and white. Legends stand outside the data; captions say n, seeds and what was left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mibench import compare
from mibench.errors import NothingMatched, UsageError
from mibench.plots import accuracy, ranking, training
from mibench.plots.style import save
from mibench.specs import nearest
from mibench.summary import cells, tidy

Curves = Mapping[str, Sequence[tuple[int, float | None]]]
"""Learning curves by trial_id: (step, validation value in nats)."""

KINDS: dict[str, Callable[[pd.DataFrame, str, Curves], Figure]] = {
    "estimate": lambda trials, unit, curves: accuracy.estimate(trials, unit),
    "bias": lambda trials, unit, curves: accuracy.bias(trials, unit),
    "sd": lambda trials, unit, curves: accuracy.sd(trials, unit),
    "rmse": lambda trials, unit, curves: accuracy.rmse(trials, unit),
    "error": lambda trials, unit, curves: accuracy.error(trials, unit),
    "time": lambda trials, unit, curves: ranking.time(trials, unit),
    "ranks": lambda trials, unit, curves: ranking.ranks(compare.ranking(trials), cells(trials)),
    "curves": training.curves,
    "staircase": training.staircase,
}

FORMATS = ("png", "svg", "pdf")
TITLES = {
    "estimate": "Estimate against truth",
    "bias": "Bias over sample size and dimension",
    "sd": "Standard deviation over sample size and dimension",
    "rmse": "Root mean square error over sample size and dimension",
    "error": "Root mean square error by estimator and task",
    "time": "Accuracy against time",
    "ranks": "Critical differences",
    "curves": "Learning curves",
    "staircase": "Staircase",
}


def draw(
    trials: pd.DataFrame, kinds: Iterable[str], unit: str = "nats", curves: Curves | None = None
) -> dict[str, Figure]:
    """The figures by kind. "all" is every kind that applies; one asked for by name that does not apply is an error."""
    wanted = list(dict.fromkeys(kinds))
    for kind in wanted:
        if kind not in KINDS and kind != "all":
            raise UsageError(f"there is no figure '{kind}'; {nearest(kind, [*KINDS, 'all'])}")
    checked = tidy(trials)
    figures = {}
    for kind in KINDS if "all" in wanted else wanted:
        try:
            figures[kind] = KINDS[kind](checked, unit, curves or {})
        except NothingMatched:
            if kind in wanted:
                raise
    if not figures:
        raise NothingMatched(f"nothing to draw: {len(checked)} trials, none of them ok")
    return figures


def format_of(path: Path) -> str:
    """The format that a file's name asks for."""
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise UsageError(f"there is no figure format '{form}'; there are: {', '.join(FORMATS)}")
    return form


def write(figures: Mapping[str, Figure], folder: Path, formats: Iterable[str] = ("png",)) -> list[Path]:
    """Write figures into a folder, each in every format: png, svg or pdf."""
    formats = list(dict.fromkeys(formats))
    for form in formats:
        format_of(Path(f"figure.{form}"))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, figure in figures.items():
        for form in formats:
            paths.append(folder / f"{kind}.{form}")
            save(figure, paths[-1], form)
    return paths

"""The figures of a frame of trials, by kind, and the files they are written to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mibench.errors import NothingMatched, UsageError
from mibench.findings.summary import of_tasks, tidy
from mibench.plots.kinds import FORMATS, KINDS
from mibench.plots.style import Drawing, finish, save
from mibench.specs import nearest

Curves = Mapping[str, Sequence[tuple[int, float | None]]]
"""Learning curves by trial_id: (step, validation value in nats)."""


def draw(
    trials: pd.DataFrame,
    kinds: Iterable[str],
    unit: str = "nats",
    curves: Curves | None = None,
    title: bool = True,
    caption: bool = True,
) -> dict[str, Figure]:
    """The figures by kind. "all" is every kind that applies; one asked for by name that does not apply is an error.

    Without `title` or `caption`, as for a paper that has its own, their place is not kept free.
    """
    wanted = list(dict.fromkeys(kinds))
    for kind in wanted:
        if kind not in KINDS and kind != "all":
            raise UsageError(f"there is no figure '{kind}'; {nearest(kind, [*KINDS, 'all'])}")
    checked, _ = of_tasks(tidy(trials))
    figures = {}
    for kind in KINDS if "all" in wanted else wanted:
        try:
            drawing = _function(kind)(checked, unit, *([curves or {}] if KINDS[kind].of_curves else []))
            figures[kind] = finish(drawing, title, caption)
        except NothingMatched:
            if kind in wanted:
                raise
    if not figures:
        raise NothingMatched(f"nothing to draw: {len(checked)} trials, none of them ok")
    return figures


def _function(kind: str) -> Callable[..., Drawing]:
    made: Callable[..., Drawing] = getattr(import_module(f"mibench.plots.{KINDS[kind].module}"), kind)
    return made


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

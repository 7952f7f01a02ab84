"""The figures of a frame of trials, by kind, and the files they are written to."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
from matplotlib.figure import Figure

from mibench.errors import NothingMatched, UsageError
from mibench.findings.summary import of_applications, of_tasks, tidy
from mibench.plots.kinds import FORMATS, KINDS
from mibench.plots.style import Drawing, finish, save
from mibench.specs import nearest

Curves = Mapping[str, Sequence[tuple[int, float | None]]]
"""Learning curves by trial_id: (step, validation value in nats)."""

Left = Mapping[str, Mapping[str, Any]]
"""What trained models left beside their rows, by trial_id and name: curves, or pictures."""


def draw(
    trials: pd.DataFrame,
    kinds: Iterable[str],
    unit: str = "nats",
    curves: Curves | None = None,
    title: bool = True,
    caption: bool = True,
    left: Mapping[str, Left] | None = None,
) -> dict[str, Figure]:
    """The figures by kind; of trained models one an application, by "kind application", of what `left` has by kind.

    "all" is every kind that applies; one asked for by name that does not apply is an error. Without `title` or
    `caption`, as for a paper that has its own, their place is not kept free.
    """
    wanted = list(dict.fromkeys(kinds))
    for kind in wanted:
        if kind not in KINDS and kind != "all":
            raise UsageError(f"there is no figure '{kind}'; {nearest(kind, [*KINDS, 'all'])}")
    checked = tidy(trials)
    figures: dict[str, Figure] = {}
    for kind in KINDS if "all" in wanted else wanted:
        try:
            drawings = _drawings(kind, checked, unit, curves or {}, (left or {}).get(kind, {}))
        except NothingMatched:
            if kind in wanted:
                raise
        else:
            figures |= {name: finish(drawing, title, caption) for name, drawing in drawings.items()}
    if not figures:
        why = "no figure applies to them" if checked["ok"].any() else "none of them ok"
        raise NothingMatched(f"nothing to draw: {len(checked)} trials, {why}")
    return figures


def _drawings(kind: str, trials: pd.DataFrame, unit: str, curves: Curves, left: Left) -> dict[str, Drawing]:
    """What a kind draws of tasks and of trained models. Raises NothingMatched where that is nothing."""
    known, tasks, models = KINDS[kind], of_tasks(trials)[0], of_applications(trials)
    made: dict[str, Drawing] = {}
    reasons = []
    try:
        if known.module:
            made[kind] = _function(known.module, kind)(tasks, unit, *([curves] if known.of_curves else []))
    except NothingMatched as reason:
        reasons.append(reason)
    try:
        if known.models:
            drawn = _function(known.models, kind)(models, unit, left)
            made |= {f"{kind} {application}": drawing for application, drawing in drawn.items()}
    except NothingMatched as reason:
        reasons.append(reason)
    if not made:
        raise reasons[0 if len(tasks) else -1]
    return made


def _function(module: str, kind: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(import_module(f"mibench.plots.{module}"), kind)
    return made


def slug(name: str) -> str:
    """What a figure's file is called, but for its ending."""
    text = re.sub(r"[^\w.=+-]+", "-", name)
    return text if len(text) <= 120 else f"{text[:110]}-{crc32(name.encode()):08x}"


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
    for name, figure in figures.items():
        for form in formats:
            paths.append(folder / f"{slug(name)}.{form}")
            save(figure, paths[-1], form)
    return paths

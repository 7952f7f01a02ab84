"""`mibench plot`: figures of a run, beside its rows."""

from pathlib import Path
from typing import Annotated

import typer

from mibench.cli import complete
from mibench.cli.options import Estimators, Points, Runs, Samples, Tasks, Unit, place
from mibench.errors import writing
from mibench.plots.kinds import KINDS


def plot(
    runs: Runs = None,
    estimators: Estimators = None,
    tasks: Tasks = None,
    samples: Samples = None,
    points: Points = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", "-k", metavar="KIND", help=f"{', '.join(KINDS)}; all.", autocompletion=complete.kinds),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMATS", help="png, svg, pdf, or several.")
    ] = "png",
    unit: Unit = "nats",
    no_title: Annotated[bool, typer.Option("--no-title", help="For a page that has its own.")] = False,
    no_caption: Annotated[bool, typer.Option("--no-caption", help="Say n, seeds and failures elsewhere.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Instead of figures/ in the run."),
    ] = None,
) -> None:
    """Draw estimate against truth, bias over n and dimension, and more; print the files written."""
    from mibench import store
    from mibench.findings.selection import select
    from mibench.findings.summary import of_applications
    from mibench.plots import figures

    frame = select(store.load(*(runs or ())), estimators or (), tasks or (), samples or (), points or ())
    folders = [path if path.is_dir() else path.parent for path in map(store.find, runs or (None,))]
    kinds = [name.strip() for text in kind or ["all"] for name in text.split(",")]
    curves = store.read_curves(folders, frame["trial_id"])
    left = store.read_left(folders, of_applications(frame)["trial_id"])
    drawn = figures.draw(frame, kinds, unit, curves, title=not no_title, caption=not no_caption, left=left)
    to = output or place(folders) / "figures"
    with writing(to):
        paths = figures.write(drawn, to, format.split(","))
    for path in paths:
        typer.echo(path)

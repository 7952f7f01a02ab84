"""`mibench plot`: figures of a run, beside its rows."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mibench.cli.tables import Runs
from mibench.errors import writing


def plot(
    runs: Runs = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", "-k", metavar="KIND", help="estimate, bias, sd, rmse, error, time, ranks, curves, staircase; all."
        ),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMATS", help="png, svg, pdf, or several.")
    ] = "png",
    unit: Annotated[Literal["nats", "bits"], typer.Option("--unit", help="nats or bits.")] = "nats",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Instead of RUN/figures.")
    ] = None,
) -> None:
    """Draw estimate against truth, bias over n and dimension, and more; print the files written."""
    from mibench import curves, plots, store

    frame = store.load(*(runs or ()))
    folders = [path if path.is_dir() else path.parent for path in map(store.find, runs or (None,))]
    kinds = [name.strip() for text in kind or ["all"] for name in text.split(",")]
    figures = plots.draw(frame, kinds, unit, curves.read(folders, frame["trial_id"]))
    place = output or folders[0] / "figures"
    with writing(place):
        paths = plots.write(figures, place, format.split(","))
    for path in paths:
        typer.echo(path)

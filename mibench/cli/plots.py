"""`mibench plot`: figures of a run, beside its rows."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mibench.cli.tables import Runs


def register(app: typer.Typer) -> None:
    app.command()(plot)


def plot(
    runs: Runs = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", "-k", metavar="KIND", help="estimate, bias, sd, rmse, ...; repeat or separate by commas."
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
    from mibench import plots, store

    frame = store.load(*(runs or ()))
    first = store.find(runs[0] if runs else None)
    folder = output or (first if first.is_dir() else first.parent) / "figures"
    kinds = [name for text in kind or ["all"] for name in text.split(",")]
    for path in plots.write(frame, folder, kinds, format.split(","), unit):
        typer.echo(path)

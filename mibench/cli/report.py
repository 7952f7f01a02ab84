"""`mibench report`: one HTML file of a run, to open, to mail and to keep."""

from pathlib import Path
from typing import Annotated

import typer

from mibench.cli.options import Estimators, Points, Runs, Samples, Tasks, Unit, place
from mibench.errors import writing


def report(
    runs: Runs = None,
    estimators: Estimators = None,
    tasks: Tasks = None,
    samples: Samples = None,
    points: Points = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Instead of report.html in the run."),
    ] = None,
    leaderboard: Annotated[
        bool, typer.Option("--leaderboard", help="Rank the estimators over all cells of the runs, on top.")
    ] = False,
    unit: Unit = "nats",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Instead of the runs' names.")] = "",
) -> None:
    """Write one self-contained HTML file: tables, comparison, figures, seeds, failures, provenance."""
    from mibench import report as reports
    from mibench import store
    from mibench.findings.selection import select

    folders = [path if path.is_dir() else path.parent for path in map(store.find, runs or (None,))]
    path = output or place(folders) / "report.html"
    frame = select(store.load(*(runs or ())), estimators or (), tasks or (), samples or (), points or ())
    page = reports.page(frame, folders, unit, leaderboard, title)
    with writing(path):
        if output is None:
            path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
    typer.echo(path)

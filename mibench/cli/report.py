"""`mibench report`: one HTML file of a run, to open, to mail and to keep."""

from pathlib import Path
from typing import Annotated

import typer

from mibench.cli.options import Runs, Unit
from mibench.errors import StorageError


def report(
    runs: Runs = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of RUN/report.html.")
    ] = None,
    leaderboard: Annotated[
        bool, typer.Option("--leaderboard", help="Rank the estimators over all cells of the runs, on top.")
    ] = False,
    unit: Unit = "nats",
) -> None:
    """Write one self-contained HTML file: tables, comparison, figures, seeds, failures, provenance."""
    from mibench import report as reports
    from mibench import store

    first = store.find(runs[0] if runs else None)
    path = output or (first if first.is_dir() else first.parent) / "report.html"
    page = reports.page(runs or [], unit, leaderboard)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error
    typer.echo(path)

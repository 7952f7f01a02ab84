"""`mibench table`: a run's cells, for reading and for papers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mibench.cli.options import Estimators, Points, Runs, Samples, Tasks, Unit, print_unicode, print_wide, width
from mibench.errors import writing


def table(
    runs: Runs = None,
    estimators: Estimators = None,
    tasks: Tasks = None,
    samples: Samples = None,
    points: Points = None,
    format: Annotated[
        Literal["text", "md", "latex", "csv", "json"],
        typer.Option("--format", "-f", help="text, md, latex (booktabs), csv or json."),
    ] = "text",
    long: Annotated[bool, typer.Option("--long", help="One row a cell, with interval, bias and time.")] = False,
    unit: Unit = "nats",
    consistency: Annotated[
        bool, typer.Option("--consistency", help="The ratios of the self-consistency tests, where no truth is known.")
    ] = False,
    best_term: Annotated[
        bool, typer.Option("--best-term", help="Which estimator is the best term, over the applications.")
    ] = False,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="A line above it, or of the caption.")] = "",
    label: Annotated[
        str, typer.Option("--label", metavar="KEY", help="What LaTeX's \\ref finds the table by.")
    ] = "tab:mibench",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
) -> None:
    """Print a table of estimates against truth, and of scores for each application: mean and sd over seeds.

    csv and json are always long: one record a cell, with every statistic.
    """
    from mibench import store
    from mibench.findings.selection import select
    from mibench.tables import consistency as ratios
    from mibench.tables import formats, terms

    frame = select(store.load(*(runs or ())), estimators or (), tasks or (), samples or (), points or ())
    room = width() if output is None else 0
    if consistency:
        text = ratios.render(frame, format)
    elif best_term:
        text = terms.render(frame, format, room, label, title)
    elif format == "csv":
        text = formats.csv(frame, unit)
    elif format == "json":
        text = formats.records(frame, unit)
    elif format == "md":
        text = formats.markdown(frame, unit, long)
    elif format == "latex":
        text = formats.papers(frame, unit, label, title, long)
    else:
        text = formats.text(frame, unit, room, long)
    if title and format in ("text", "md"):
        text = f"{title}\n\n{text}"
    if output is None:
        show = print_wide if format == "text" and not long else print_unicode
        show(text)
    else:
        with writing(output):
            output.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {output}", err=True)

"""`mibench table`: a run's cells, for reading and for papers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mibench.errors import writing

PLAIN = {"±": "+-", "≤": "<=", "≥": ">=", "─": "-", "–": "-", "−": "-", "²": "^2", "→": "->", "·": "-"}

Runs = Annotated[
    list[Path] | None, typer.Argument(metavar="RUN…", help="Run folders or trials.csv; the latest run if none.")
]


def table(
    runs: Runs = None,
    format: Annotated[
        Literal["text", "md", "latex", "csv", "json"],
        typer.Option("--format", "-f", help="text, md, latex (booktabs), csv or json."),
    ] = "text",
    long: Annotated[bool, typer.Option("--long", help="One row a cell, with interval, bias and time.")] = False,
    unit: Annotated[Literal["nats", "bits"], typer.Option("--unit", help="nats or bits.")] = "nats",
    consistency: Annotated[
        bool, typer.Option("--consistency", help="The ratios of the self-consistency tests, where no truth is known.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
) -> None:
    """Print a table of estimates against truth: mean and sd over seeds, truth, failures.

    csv and json are always long: one record a cell, with every statistic.
    """
    import shutil
    import sys

    from mibench import consistency as ratios
    from mibench import latex, store, tables

    frame = store.load(*(runs or ()))
    width = shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else 0
    if consistency:
        text = ratios.render(frame, format)
    elif format == "csv":
        text = tables.csv(frame, unit)
    elif format == "json":
        text = tables.records(frame, unit)
    elif format == "md":
        text = (tables.long_markdown if long else tables.markdown)(frame, unit)
    elif format == "latex":
        text = (latex.long if long else latex.wide)(frame, unit)
    else:
        text = tables.text_long(frame, unit) if long else tables.wide(frame, unit, width)
    if output is None:
        print_unicode(text)
    else:
        with writing(output):
            output.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {output}", err=True)


def print_unicode(text: str) -> None:
    """Print to stdout in whatever its encoding can show: ± becomes +- where it must."""
    import sys

    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in PLAIN.items():
            text = text.replace(sign, plain)
        text = text.encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)

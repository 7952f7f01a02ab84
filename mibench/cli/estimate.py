"""`mibench estimate`: what one's own table says of the dependence of some columns on others."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mibench.cli import complete
from mibench.cli.options import AsJson, Plugins, Unit, encodable, print_unicode
from mibench.cli.progress import clock
from mibench.specs import split
from mibench.tables.numbers import number

if TYPE_CHECKING:
    from mibench.owndata.lines import Line


def estimate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A .csv, .tsv, .parquet, .feather, .npy or .npz file.")],
    x: Annotated[
        list[str] | None,
        typer.Option("--x", metavar="COLS", help="Columns: a,b or a..d or gene_* or all-but:y."),
    ] = None,
    y: Annotated[list[str] | None, typer.Option("--y", metavar="COLS", help="The other side, as --x.")] = None,
    estimators: Annotated[
        list[str] | None,
        typer.Option(
            "--estimator",
            "--estimators",
            "-e",
            metavar="NAME,…",
            help="Instead of those that fit the data.",
            autocompletion=complete.estimators,
        ),
    ] = None,
    permutations: Annotated[
        int | None,
        typer.Option(
            "--permutations", metavar="B", help="Of the test; 0 for none. Critics only with -e.", show_default="by n"
        ),
    ] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", metavar="COL", help="Break pairs within these groups only.")
    ] = None,
    series: Annotated[bool, typer.Option("--series", help="Rows are in the order of time.")] = False,
    lag: Annotated[int, typer.Option("--lag", metavar="ROWS", help="Take y so many rows behind x.")] = 0,
    missing: Annotated[
        Literal["drop", "error"], typer.Option("--missing", help="What to do with rows that lack a value.")
    ] = "drop",
    distinct: Annotated[bool, typer.Option("--distinct", help="Keep one of rows that are equal.")] = False,
    separator: Annotated[
        str | None, typer.Option("--separator", metavar="SIGN", help="Between cells.", show_default="found")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", metavar="SIGN", help="Decimal . or ,", show_default="found")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of all that is random.")] = 0,
    unit: Unit = "nats",
    plugins: Plugins = None,
    as_json: AsJson = False,
    as_python: Annotated[bool, typer.Option("--python", help="Print the same in Python, and do nothing.")] = False,
) -> None:
    """Estimate what columns of a table tell of others, with intervals and a test."""
    from mibench import owndata

    question = owndata.Question(
        estimators=tuple(estimators or ()),
        permutations=permutations,
        series=series,
        lag=lag,
        missing=missing,
        distinct=distinct,
        unit=unit,
        seed=seed,
        threads=_cores(),
        plugins=tuple(plugins or ()),
    )
    if as_python:
        print_unicode(
            owndata.in_python(question, str(data), split(x or ()), split(y or ()), groups, separator, decimal)
        )
        return
    table = owndata.opened(data, separator, decimal)
    prepared = owndata.prepare(question, owndata.of_table(table, str(data), split(x or ()), split(y or ()), groups))
    lines: list[Line] = []
    interrupted = False
    with Talk(owndata.UNITS[unit], unit) as talk:
        try:
            for lines, left in prepared.results():
                talk.show(lines[-1], left)
        except KeyboardInterrupt:
            interrupted = True
    found = prepared.findings(lines, interrupted)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False))
    else:
        print_unicode(str(found))
    if interrupted:
        raise typer.Exit(130)
    raise typer.Exit(owndata.exit_code(found))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Talk:
    """stderr is talk: each estimate as soon as it is known, and on a terminal how long the rest will take."""

    def __init__(self, unit: float, called: str):
        self.unit, self.called = unit, called
        self.said: set[str] = set()
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def show(self, line: "Line", left: float | None) -> None:
        """A line as far as it is."""
        label = line.asked.label
        if label not in self.said:
            self.said.add(label)
            self._clear()
            value = line.reason if line.value is None else f"{number(line.value * self.unit)} {self.called}"
            print(encodable(f"{label}: {value}", sys.stderr), file=sys.stderr, flush=True)
        if self.live and left:
            print(f"\r\x1b[K{label}: interval and test, {clock(left)} left", end="", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

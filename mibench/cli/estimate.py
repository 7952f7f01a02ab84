"""`mibench estimate`: what one's own table says of the dependence of some columns on others."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mibench.cli import complete
from mibench.cli.options import AsJson, Plugins, Unit, encodable, print_unicode, width
from mibench.cli.progress import clock
from mibench.device import cores
from mibench.errors import writing
from mibench.specs import split
from mibench.tables.numbers import number

if TYPE_CHECKING:
    from mibench.calibration import Calibrated
    from mibench.owndata import Findings, Matrix, Prepared
    from mibench.owndata.lines import Line
    from mibench.owndata.pairs import Pair


def estimate(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A .csv, .tsv, .txt, .parquet, .feather, .npy or .npz file.")
    ],
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
            "--permutations",
            metavar="B",
            help="Of the test, 59 to 199 if not given; 0: none.",
            show_default=False,
        ),
    ] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", metavar="COL", help="Break pairs within these groups only.")
    ] = None,
    series: Annotated[bool, typer.Option("--series", help="Rows are in the order of time.")] = False,
    lag: Annotated[
        int, typer.Option("--lag", metavar="ROWS", help="Take y so many rows behind x.", show_default=False)
    ] = 0,
    pairs: Annotated[bool, typer.Option("--pairs", help="Each column of x with each of y.")] = False,
    adjust: Annotated[
        Literal["holm", "bh"], typer.Option("--adjust", help="With --pairs: p for their number.")
    ] = "holm",
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Which true values fit, by samples like yours.")
    ] = False,
    missing: Annotated[Literal["drop", "error"], typer.Option("--missing", help="Rows that lack a value.")] = "drop",
    distinct: Annotated[bool, typer.Option("--distinct", help="Keep one of rows that are equal.")] = False,
    separator: Annotated[
        str | None, typer.Option("--separator", metavar="SIGN", help="Between cells; found if not given.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", metavar="SIGN", help="Point or comma; found if not given.")
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, help="Of all that is random; 0 if not given.", show_default=False),
    ] = 0,
    unit: Unit = "nats",
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "-d",
            metavar="DEVICE",
            help="auto, cpu, cuda, cuda:1 or mps.",
            autocompletion=complete.OF_SETTINGS["device"],
        ),
    ] = "auto",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Keep rows, figures and one HTML file.")
    ] = None,
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
        pairs=pairs,
        adjust=adjust,
        calibrate=calibrate,
        unit=unit,
        seed=seed,
        threads=cores(),
        device=device,
        plugins=tuple(plugins or ()),
    )
    again = owndata.in_python(question, str(data), split(x or ()), split(y or ()), groups, separator, decimal)
    if as_python:
        print_unicode(again)
        return
    table = owndata.opened(data, separator, decimal)
    prepared = owndata.prepare(question, owndata.of_table(table, str(data), split(x or ()), split(y or ()), groups))
    kept = Kept(output, prepared) if output is not None else None
    found = _pairs(prepared, kept) if pairs else _estimates(prepared, kept)
    if kept is not None:
        kept.whole(found, again)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False))
    else:
        print_unicode(found.page(min(width() or 100, 100)))
    raise typer.Exit(130 if found.interrupted else owndata.exit_code(found))


class Kept:
    """A folder: a row is on disk as soon as its line is whole, and figures, JSON and a page at the end."""

    def __init__(self, folder: Path, prepared: "Prepared"):
        from mibench import owndata, store

        self.prepared, self.count = prepared, 0
        self.writer = store.Writer.at(folder)
        command = shlex.join(["mibench", *sys.argv[1:]])
        self.writer.describe(owndata.facts(prepared.question, prepared.data.source, command))

    def rows(self, found: "Findings | Matrix") -> None:
        """Those that are not on disk yet."""
        from mibench import owndata

        for row in owndata.rows_of(self.prepared, found, self.count):
            self.writer.append(row)
            self.count += 1

    def whole(self, found: "Findings | Matrix", again: str) -> None:
        """What is made of all of them; `again` is the Python that asks the same."""
        from mibench.plots import figures, own_data
        from mibench.report.own_data import page

        self.rows(found)
        self.writer.close()
        self.writer.export()
        folder = self.writer.folder
        for name in own_data.NAMES:  # of another time, and perhaps another table
            for old in (folder / "figures").glob(f"{name}.*"):
                old.unlink()
        figures.write(own_data.figures(found), folder / "figures")
        with writing(folder):
            (folder / "estimate.json").write_text(json.dumps(found.to_dict(), allow_nan=False), encoding="utf-8")
            found.to_frame().to_csv(folder / "estimates.csv", index=False)
            (folder / "report.html").write_text(page(found, again), encoding="utf-8")
        print(f"{folder}/report.html", file=sys.stderr)


def _estimates(prepared: "Prepared", kept: Kept | None) -> "Findings":
    """The lines, each told as it comes; what is done when the user interrupts is kept."""
    lines: list[Line] = []
    calibrated: Calibrated | None = None
    stage = "estimates"
    with Talk(prepared.question.unit) as talk:
        try:
            for lines, whole, left in prepared.results():
                if kept is not None:
                    kept.rows(prepared.findings(lines[:whole]))
                talk.show(lines[-1], left)
            stage = "calibration"
            for found, seconds in prepared.calibration():
                calibrated = found
                talk.left("calibration", seconds)
        except KeyboardInterrupt:
            return prepared.findings(lines, interrupted=stage)
    return prepared.findings(lines, calibrated=calibrated)


def _pairs(prepared: "Prepared", kept: Kept | None) -> "Matrix":
    """The same of pairs."""
    total, count = len(prepared.sample.x) * len(prepared.sample.y), prepared.count
    done: list[Pair] = []
    with Talk(prepared.question.unit) as talk:
        if count:
            talk.say(f"{total} pairs, {count} permutations each: so many that an adjusted p can reach 0.05")
        try:
            for done, left in prepared.pairs():
                if kept is not None:
                    kept.rows(prepared.matrix(done))
                talk.left(f"{len(done)} of {total} pairs", left)
        except KeyboardInterrupt:
            return prepared.matrix(done, interrupted=True)
    return prepared.matrix(done)


LONG = 30.0
"""Seconds from which on it is said how long something takes, also where that stays in a log."""


class Talk:
    """stderr is talk: each estimate as soon as it is known, and on a terminal how long the rest will take."""

    def __init__(self, unit: str):
        from mibench.owndata import UNITS

        self.unit, self.scale = unit, UNITS[unit]
        self.said: set[str] = set()
        self.what = ""
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
            value = None if line.value is None else line.value * self.scale
            self.say(f"{label}: {line.reason if value is None else f'{number(value)} {self.unit}'}")
        if left:
            self.left(f"{label}: interval and test", left)

    def say(self, text: str) -> None:
        """A line."""
        self._clear()
        print(encodable(text, sys.stderr), file=sys.stderr, flush=True)

    def left(self, what: str, seconds: float) -> None:
        """How long something will take, where it can be overwritten."""
        if self.live:
            print(f"\r\x1b[K{what}, {clock(seconds)} left", end="", file=sys.stderr, flush=True)
        elif seconds > LONG and self.what != what:
            self.what = what
            self.say(f"{what}: about {clock(seconds)}")

    def _clear(self) -> None:
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

"""Options and arguments that several commands take, and how all of them print."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from mibench import specs
from mibench.cli import complete

Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", "-p", metavar="PATH", help="A plugin file, or a folder of them. May repeat."),
]


def _lies_in(folder: Path | None) -> Path | None:
    """Kept where the tasks look, and where trials' processes inherit it."""
    if folder is not None:
        os.environ["MIBENCH_DATA_DIR"] = str(specs.folder_or_file(folder, "--data-dir"))
    return folder


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        envvar="MIBENCH_DATA_DIR",
        help="Where pictures lie: MNIST and its like, your own.",
        callback=_lies_in,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN…", help="Run folders or trials.csv; the latest run if none.", autocompletion=complete.runs
    ),
]
Run = Annotated[
    str | None,
    typer.Argument(help="A run: folder or name.", show_default="the latest", autocompletion=complete.runs),
]
Estimators = Annotated[
    list[str] | None,
    typer.Option(
        "--estimator",
        "--estimators",
        "-e",
        metavar="NAME,…",
        help="Only these: a name, label or ksg:k=5.",
        autocompletion=complete.estimators,
    ),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(
        "--task", "--tasks", "-t", metavar="NAME[/POINT],…", help="Only these tasks.", autocompletion=complete.tasks
    ),
]
Samples = Annotated[list[str] | None, typer.Option("--samples", "-n", metavar="N,…", help="Only these sample sizes.")]
Points = Annotated[
    list[str] | None,
    typer.Option(
        "--point",
        metavar="NAME,…",
        help="Only these points, or all with a field: dim=5.",
        autocompletion=complete.points,
    ),
]
Unit = Annotated[Literal["nats", "bits"], typer.Option("--unit", help="nats or bits.")]

PLAIN = {
    "±": "+-", "≤": "<=", "≥": ">=", "─": "-", "–": "-", "−": "-", "²": "^2", "→": "->", "·": "-", "×": "x", "…": "...",
    "‡": "#",
}  # fmt: skip


def place(folders: Sequence[Path]) -> Path:
    """Where what is made of runs is written: in the run, or for several in a folder of their own beside the first."""
    names = list(dict.fromkeys(folder.name for folder in folders))
    return folders[0] if len(names) == 1 else folders[0].parent / "+".join(names)[:120]


def encodable(text: str, stream: TextIO) -> str:
    """The text in what a stream's encoding can show: ± becomes +- where it must."""
    encoding = stream.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in PLAIN.items():
            text = text.replace(sign, plain)
        text = text.encode(encoding, "replace").decode(encoding)
    return text


NEAREST = re.compile(
    r"-?\d\S*(?: ± \S+)?(?: ‡)?(?: n=\d+)?(?: \([^()]+\))?(?:  (?:n=\d+|[a-z-]+\d+(?: [a-z-]+\d+)*))* \*(?= |$)",
    re.MULTILINE,
)
FAILED = re.compile(r"\b\d+ failed(?= |$)|\bfailed: [a-z][a-z ]* \d+(?:, [a-z][a-z ]* \d+)*", re.MULTILINE)
"""What a cell of the wide table says, and the notes below it do not."""


def coloured(text: str) -> str:
    """The wide table with the nearest green and failures red, as a terminal shows it; its words are the same."""
    table, *notes = text.rpartition("\n\n")
    for pattern, colour in ((NEAREST, "1;32"), (FAILED, "31")):
        table = pattern.sub(f"\x1b[{colour}m\\g<0>\x1b[0m", table)
    return table + "".join(notes)


def width() -> int:
    """How many characters fit into a line of stdout: 0, for any number, where that is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def print_wide(text: str) -> None:
    """Print a wide table, coloured on a terminal that wants it (https://no-color.org)."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print_unicode(coloured(text) if wanted else text)


def print_unicode(text: str) -> None:
    """Print to stdout in whatever its encoding can show."""
    sys.stdout.write(encodable(text, sys.stdout))

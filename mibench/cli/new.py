"""`mibench new`: the first draft of a plugin."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mibench.errors import UsageError


class Kind(StrEnum):
    """What can be drafted."""

    ESTIMATOR = "estimator"
    TASK = "task"
    APPLICATION = "application"


def new(
    kind: Annotated[Kind, typer.Argument(help="What it will be.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Its name in tables: my-estimator.")],
    neural: Annotated[bool, typer.Option("--neural", help="An estimator that is a bound with a critic.")] = False,
    command: Annotated[bool, typer.Option("--command", help="An estimator that is another program.")] = False,
    package: Annotated[
        bool, typer.Option("--package", help="A project for pip, with entry point, tests and a CI file.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where it is written.")] = Path(),
) -> None:
    """Write the first draft of a plugin: it runs as it is, and two comments say what to change."""
    from mibench import catalogue, scaffold

    if (neural or command) and kind is not Kind.ESTIMATOR:
        raise UsageError(f"--{'neural' if neural else 'command'} is a kind of estimator, not of {kind.value}")
    if neural and command:
        raise UsageError("--neural and --command are two kinds of estimator; choose one")
    if command and package:
        raise UsageError("--package holds Python alone; draft the command without it")
    found = catalogue.discover(())
    called = name.replace("_", "-").lower()
    if called in found.estimators or called in found.tasks:
        raise UsageError(f"'{called}' is bundled; choose another name")
    template = "neural" if neural else "command" if command else kind.value
    written = scaffold.draft(template, name, output, package)
    for path in written:
        typer.echo(path)
    if package:
        root = shlex.quote(str(output / called))
        typer.echo(f"next: pip install -e {root} && mibench check {called}", err=True)
        return
    file = shlex.quote(str(written[0]))
    run = {
        "estimator": f"mibench run -p {file} -e {called},ksg -t gaussian --dims 1",
        "task": f"mibench run -p {file} -e ksg,gaussian -t {called}",
        "application": f"mibench run -p {file} -e none,mine -t {called}",
    }[kind.value]
    typer.echo(f"next: mibench check {file}\n      {run}", err=True)

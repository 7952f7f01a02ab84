"""`mibench check`: hold estimators, tasks and applications to their promises."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mibench import catalogue, specs
from mibench.cli import complete
from mibench.cli.options import AsJson, Plugins
from mibench.errors import UsageError


def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="An estimator, a task, an application, or a plugin file.",
            autocompletion=complete.names,
        ),
    ],
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Hold estimators, tasks, applications and plugin files to their promises."""
    from mibench import checks
    from mibench.checks import applications

    path = Path(name)
    if path.suffix == ".py" or path.is_file():
        found = catalogue.discover([*(plugins or ()), path])
        mine = [p for p in found.plugins if p.path == specs.folder_or_file(path, "check")]
        if mine and mine[0].error:
            raise UsageError(f"{path}: {mine[0].error}")
        estimators = [found.estimator(key) for p in mine for key in p.estimators]
        points = [point for p in mine for key in p.tasks for point in found.points(key)]
    else:
        found = catalogue.discover(plugins or ())
        base = specs.called(name)
        if base not in found.estimators and base not in found.tasks:
            raise UsageError(f"no estimator or task '{base}'; {specs.nearest(base, [*found.estimators, *found.tasks])}")
        estimators = [found.estimator(name)] if found.means_estimator(name) else []
        points = found.points(name) if base in found.tasks and not (estimators and ":" in name) else []
    if reason := catalogue.lacking(points):
        raise UsageError(reason)
    term = None
    if any(point.kind == "application" for point in points):
        term = applications.can_be_term(made for _, made in sorted(found.estimators.items()))
    subjects = [(f"-e {c.name}", c.estimator) for c in estimators]
    subjects += [(f"-t {p.sweep}/{p.name}", p.task) for p in points]
    broken, moot, records = 0, 0, []
    for subject, thing in subjects:
        if not as_json:
            typer.echo(subject)
        for verdict in checks.check(subject, thing, checks.promises(thing, term)):
            broken += verdict.broken is not None
            moot += verdict.unsupported is not None
            records.append(asdict(verdict))
            if not as_json:
                word = "BROKEN" if verdict.broken is not None else "n/a   " if verdict.unsupported else "ok    "
                typer.echo(f"  {word}  {verdict.promise}")
                if verdict.broken or verdict.unsupported:
                    typer.echo(f"          {verdict.broken or verdict.unsupported}")
    if as_json:
        typer.echo(json.dumps(records))
    else:
        asked = len(records) - moot
        refused = f"; {moot} could not be tried, as the estimator refuses the data" if moot else ""
        typer.echo(f"{asked - broken} of {asked} promises kept{refused}")
    if broken:
        raise typer.Exit(4)

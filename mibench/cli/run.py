"""`mibench run` and `mibench resume`."""

import contextlib
import inspect
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mibench import settings as asked
from mibench import specs
from mibench.cli import complete
from mibench.cli.options import AsJson, Run
from mibench.errors import MibenchError
from mibench.result import BASELINE, SETTLED

if TYPE_CHECKING:
    import pandas as pd

    from mibench.cli.progress import Progress
    from mibench.result import Result
    from mibench.runs import Prepared

Command = TypeVar("Command", bound=Callable[..., None])
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; what failed and why is still said.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A line for every trial.")]


def _configure(context: typer.Context, path: Path | None) -> Path | None:
    """Settings of config files become the defaults of the options; flags and environment stand above them."""
    context.default_map = asked.config(path)
    return path


def _with_settings(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of these settings, as `Settings` says them, in place of its `**stated`."""

    def widen(command: Command) -> Command:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
        at = next((i for i, p in enumerate(own) if p.default is not p.empty and p.name != "run"), len(own))
        every = [*own[:at], *map(_parameter, names), *own[at:]]
        command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
        return command

    return widen


def _parameter(name: str) -> inspect.Parameter:
    field, option = asked.FIELDS[name], asked.option(name)
    many = isinstance(field.default, tuple)
    kind: Any = list[str] | None if many else {"jobs": int | None, "jobs_per_gpu": int}.get(name, str | None)
    kind = bool if isinstance(field.default, bool) else kind
    asks = typer.Option(
        *option.flags,
        metavar=option.metavar,
        help=option.help,
        envvar=None if name == "plugins" else option.variable,  # MIBENCH_PLUGINS adds to what -p names
        show_default=option.shown or False,
        autocompletion=complete.OF_SETTINGS.get(name),
    )
    default = None if many or isinstance(field.default, str) else field.default
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=Annotated[kind, asks]
    )


def _stated(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, in whatever way; plugin files by where they are, for processes elsewhere."""
    stated = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v not in (None, [])}
    if "plugins" in stated:
        stated["plugins"] = tuple(str(specs.folder_or_file(path, "-p")) for path in stated["plugins"])
    return stated


@_with_settings(*asked.FIELDS)
def run(
    context: typer.Context,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            metavar="SOURCE",
            help="Start from the protocol of a published table (mibench list published).",
            autocompletion=complete.sources,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            envvar="MIBENCH_CONFIG",
            help="Settings from a TOML file.",
            is_eager=True,
            callback=_configure,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **given: Any,
) -> None:
    """Run estimators on tasks; every trial becomes a row."""
    from mibench import runs

    stated = _stated(given)
    if like is not None:
        from mibench.findings import published

        protocol = published.like(
            like, specs.split(stated.get("estimators", ())), _has_field(stated.get("plugins", ()))
        )
        named = {p.name for p in context.command.params if _was_given(context, p.name)} - {"estimators"}
        stated = {**stated, **{key: value for key, value in protocol.items() if key not in named}}
    prepared = runs.prepare(asked.of(stated), make_folder=not dry_run)
    if dry_run:
        _say_plan(prepared, as_json)
    else:
        _drive(prepared, as_json, quiet, verbose)


def _has_field(plugins: Sequence[str]) -> Callable[[str, str], bool]:
    """Whether an estimator of that name has a field of that name; one that is unknown is told where it is looked up."""
    from mibench import catalogue

    estimators = catalogue.discover(plugins).estimators
    return lambda name, field: name in estimators and specs.has_field(estimators[name], field)


def _was_given(context: typer.Context, name: str | None) -> bool:
    """Whether the user set an option, in whatever way, rather than leaving it at its default."""
    source = context.get_parameter_source(name or "")
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")


@_with_settings("rerun", "jobs", "timeout", "data_dir")
def resume(
    run: Run = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **given: Any,
) -> None:
    """Run what a run still lacks, with its own settings."""
    from mibench import runs

    _drive(runs.resume(run, _stated(given)), as_json, quiet, verbose)


def _say_plan(prepared: "Prepared", as_json: bool) -> None:
    todo = prepared.survey()
    facts: dict[str, Any] = {
        "trials": prepared.total,
        "to_run": todo,
        "kept": prepared.kept,
        "stale": prepared.stale,
        "estimators": [choice.name for choice in prepared.choices],
        "points": [f"{point.sweep}/{point.name}" for point in prepared.points],
        "samples": prepared.sizes,
        "seeds": [prepared.seeds[0], prepared.seeds[-1]],
        "seed_ranges": str(prepared.seeds),
        "unsupported": [
            {"estimator": name, "trials": count, "reason": reason}
            for (name, reason), count in prepared.unsupported.items()
        ],
        "slots": [slot.name for slot in prepared.slots],
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    sizes: tuple[int, ...] = (
        len(prepared.choices),
        len(prepared.points),
        len(prepared.samples) or 1,
        len(prepared.seeds),
    )
    names: tuple[str, ...] = ("estimators", "points", "sizes", "seeds")
    if any(point.kind == "application" for point in prepared.points):  # these have one size, whatever -n says
        sizes, names = (*sizes[:2], sizes[3]), (*names[:2], names[3])
    shape = " × ".join(f"{size} {name}" for size, name in zip(sizes, names, strict=True))
    where = ", ".join(sorted(set(facts["slots"])))
    own = sum(len(point.baselines) for point in prepared.points) * len(prepared.seeds)
    typer.echo(f"{prepared.total} trials: {shape}" + (f", {own} of them baselines of applications" if own else ""))
    typer.echo(f"{todo} to run, {prepared.kept} kept; {len(prepared.slots)} at once on {where}")
    for choice in prepared.choices:
        settings = ", ".join(f"{key}={value}" for key, value in choice.changes.items())
        typer.echo(f"  -e {choice.name}{f' ({settings})' if settings else ''}")
    for point in prepared.points:
        typer.echo(f"  -t {point.sweep}/{point.name}")
    typer.echo("nothing was written")


def _drive(prepared: "Prepared", as_json: bool, quiet: bool, verbose: bool) -> None:
    """Run what is to do, show it, and end with the table, the folder and the next command."""
    from mibench.cli.progress import Progress

    todo = prepared.survey()
    progress = Progress(prepared.folder, todo, quiet=quiet or as_json, verbose=verbose, silent=as_json)
    progress.begin(prepared)
    done, failures = 0, []
    try:
        with progress, contextlib.closing(prepared.results()) as rows:
            for result in rows if todo else ():
                progress.show(result)
                done += 1
                if result.status not in SETTLED:
                    failures.append(result)
    except KeyboardInterrupt:
        _export(prepared)
        progress.say(f"\nstopped; {done} rows of this run are kept. Go on with:")
        progress.say(f"  mibench resume {shlex.quote(str(prepared.folder))}")
        raise typer.Exit(130) from None
    except MibenchError:
        if prepared.folder.exists():
            progress.say(f"go on with: mibench resume {shlex.quote(str(prepared.folder))}")
        raise
    frame = _export(prepared)
    bad = int((~frame["status"].isin(SETTLED)).sum())
    if as_json:
        typer.echo(_document(prepared, frame, bad))
    else:
        _conclude(prepared, frame, failures, progress)
    if bad:
        raise typer.Exit(1)


def _export(prepared: "Prepared") -> "pd.DataFrame":
    assert prepared.writer is not None
    return prepared.writer.export()


def _document(prepared: "Prepared", frame: "pd.DataFrame", failed: int) -> str:
    from mibench.tables import formats

    counts = {str(status): int(count) for status, count in frame["status"].value_counts().items()}
    return json.dumps(
        {
            "run": prepared.folder.name,
            "folder": str(prepared.folder),
            "counts": counts,
            "exit": 1 if failed else 0,
            "cells": json.loads(formats.records(frame)),
        }
    )


def _conclude(prepared: "Prepared", frame: "pd.DataFrame", failed: "list[Result]", progress: "Progress") -> None:
    from mibench import runs
    from mibench.cli.options import print_wide, width
    from mibench.tables import formats

    print_wide(formats.text(frame, width=width()))
    for name, status, count, message in runs.causes(failed):
        progress.tell(f"{count} × {name} {status}: {message}")
    if failed:
        progress.tell(f"logs: {prepared.folder}/logs")
    for name in sorted(prepared.edited):
        progress.tell(f"{name} or a task of it was edited while the run went on; its cells mix rows of different code")
    progress.say(f"results: {prepared.folder}")
    told = frame[(frame["status"] == "ok") & ~frame["flags"].fillna("").str.contains(BASELINE)]
    rivals = told.groupby("point")["estimator"].nunique()
    models = "compare" if (rivals > 1).any() else "table"  # they have no estimates to draw
    command = "plot" if (frame["kind"] == "task").any() else models
    progress.say(f"next:    mibench {command} {shlex.quote(str(prepared.folder))}")

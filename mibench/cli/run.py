"""`mibench run` and `mibench resume`."""

import contextlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mibench import settings as asked
from mibench import specs
from mibench.cli.look import DataDir
from mibench.errors import MibenchError

if TYPE_CHECKING:
    import pandas as pd

    from mibench.trial import Result
    from mibench.verbs import Prepared


def _configure(context: typer.Context, path: Path | None) -> Path | None:
    """Settings of config files become the defaults of the options; flags and environment stand above them."""
    names = {"estimators": "estimators", "tasks": "tasks"}
    context.default_map = {names.get(key, key): value for key, value in asked.config(path).items()}
    return path


DEFAULT = asked.Settings()
Texts = list[str] | None


def run(
    context: typer.Context,
    estimators: Annotated[
        Texts,
        typer.Option(
            "--estimators",
            "--estimator",
            "-e",
            metavar="NAME[:FIELD=V],…",
            envvar="MIBENCH_ESTIMATORS",
            help="Estimators, with settings if you like: mine,ksg:k=5.",
        ),
    ] = None,
    tasks: Annotated[
        Texts,
        typer.Option(
            "--task",
            "--tasks",
            "-t",
            metavar="NAME[/POINT][:FIELD=V],…",
            envvar="MIBENCH_TASK",
            help="Tasks: gaussian, gaussian:dim=5, beyond-normal/1v1-normal-0.75.",
        ),
    ] = None,
    dims: Annotated[
        Texts, typer.Option("--dims", metavar="D,…", envvar="MIBENCH_DIMS", help="Dimensions to set on the tasks.")
    ] = None,
    mi: Annotated[
        Texts,
        typer.Option(
            "--mi", metavar="NATS,…", envvar="MIBENCH_MI", help="True mutual informations to set on the tasks."
        ),
    ] = None,
    samples: Annotated[
        Texts,
        typer.Option(
            "--samples", "-n", metavar="N,…", envvar="MIBENCH_SAMPLES", help="Sample sizes.", show_default="10000"
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="COUNT|FIRST-LAST", envvar="MIBENCH_SEEDS", help="Seeds: 10, or 0-9.")
    ] = DEFAULT.seeds,
    parameters: Annotated[
        Texts,
        typer.Option(
            "--parameter",
            "-P",
            metavar="NAME.FIELD=V,…",
            envvar="MIBENCH_PARAMETER",
            help="Sweep a field of an estimator: ksg.k=3,5,10.",
        ),
    ] = None,
    plugins: Annotated[
        Texts, typer.Option("--plugin", "-p", metavar="PATH", help="A plugin file, or a folder of them. May repeat.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like", metavar="SOURCE", help="Start from the protocol of a published table (mibench list published)."
        ),
    ] = None,
    data_dir: DataDir = None,
    device: Annotated[
        Texts,
        typer.Option(
            "--device",
            "-d",
            metavar="DEVICE,…",
            envvar="MIBENCH_DEVICE",
            help="auto, cpu, cuda, cuda:0,cuda:1 or mps.",
            show_default="auto",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", metavar="N", envvar="MIBENCH_JOBS", help="CPU trials at once.", show_default="one a core"
        ),
    ] = None,
    jobs_per_gpu: Annotated[
        int,
        typer.Option(
            "--jobs-per-gpu", metavar="N", envvar="MIBENCH_JOBS_PER_GPU", help="Processes at once on each GPU."
        ),
    ] = DEFAULT.jobs_per_gpu,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar="TIME", envvar="MIBENCH_TIMEOUT", help="Stop a trial after this long: 90s, 10m, 1h."
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", envvar="MIBENCH_MEMORY", help="Stop a trial that takes more: 8G."),
    ] = None,
    executor: Annotated[
        str, typer.Option("--executor", metavar="local|dask", envvar="MIBENCH_EXECUTOR", help="Where trials run.")
    ] = DEFAULT.executor,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", metavar="ADDRESS", envvar="MIBENCH_SCHEDULER", help="Address of a running Dask scheduler."
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
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            envvar="MIBENCH_OUTPUT",
            help="Results folder; one that exists is resumed.",
            show_default="a new one under results/",
        ),
    ] = None,
    rerun: Annotated[
        str,
        typer.Option(
            "--rerun",
            metavar="none|failed|stale|all",
            envvar="MIBENCH_RERUN",
            help="Which rows of the folder to run again.",
        ),
    ] = DEFAULT.rerun,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", "-x", envvar="MIBENCH_FAIL_FAST", help="Stop at the first failure.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for every trial.")] = False,
) -> None:
    """Run estimators on tasks; every trial becomes a row."""
    from mibench import verbs

    given: dict[str, Any] = {
        "estimators": estimators, "tasks": tasks, "dims": dims, "mi": mi, "samples": samples, "seeds": seeds,
        "parameters": parameters, "plugins": plugins and [str(specs.folder_or_file(p, "-p")) for p in plugins],
        "device": device, "jobs": jobs, "jobs_per_gpu": jobs_per_gpu, "timeout": timeout, "memory": memory,
        "executor": executor, "scheduler": scheduler, "output": output, "rerun": rerun, "fail_fast": fail_fast,
    }  # fmt: skip
    stated = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in given.items()
        if value not in (None, [])
    }
    if like is not None:
        from mibench import published

        named = {p.name for p in context.command.params if _was_given(context, p.name)}
        stated = {**stated, **{key: value for key, value in published.like(like).items() if key not in named}}
    prepared = verbs.prepare(asked.of(stated), make_folder=not dry_run)
    if dry_run:
        _say_plan(prepared, as_json)
    else:
        _drive(prepared, as_json, quiet, verbose)


def _was_given(context: typer.Context, name: str | None) -> bool:
    """Whether the user set an option, in whatever way, rather than leaving it at its default."""
    source = context.get_parameter_source(name or "")
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")


def resume(
    run: Annotated[str | None, typer.Argument(help="A run: folder or name.", show_default="the latest")] = None,
    rerun: Annotated[
        str | None, typer.Option("--rerun", metavar="none|failed|stale|all", help="Which rows to run again.")
    ] = None,
    data_dir: DataDir = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", help="CPU trials at once.")] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Stop a trial after this long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for every trial.")] = False,
) -> None:
    """Run what a run still lacks, with its own settings."""
    from mibench import verbs

    changes = {"rerun": rerun, "jobs": jobs, "timeout": timeout}
    stated = {key: value for key, value in changes.items() if value is not None}
    _drive(verbs.resume(run, stated), as_json, quiet, verbose)


def _say_plan(prepared: "Prepared", as_json: bool) -> None:
    todo = prepared.survey()
    facts: dict[str, Any] = {
        "trials": prepared.total,
        "to_run": todo,
        "kept": prepared.kept,
        "stale": prepared.stale,
        "estimators": [choice.name for choice in prepared.choices],
        "points": [f"{point.sweep}/{point.name}" for point in prepared.points],
        "samples": list(prepared.samples),
        "seeds": [prepared.seeds[0], prepared.seeds[-1]],
        "slots": [slot.name for slot in prepared.slots],
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    sizes = (len(prepared.choices), len(prepared.points), len(prepared.samples), len(prepared.seeds))
    names = ("estimators", "points", "sizes", "seeds")
    shape = " × ".join(f"{size} {name}" for size, name in zip(sizes, names, strict=True))
    where = ", ".join(sorted(set(facts["slots"])))
    typer.echo(f"{prepared.total} trials: {shape}")
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
    progress = Progress(prepared.folder, todo, quiet=quiet or as_json, verbose=verbose)
    progress.begin(prepared)
    done, failures = 0, []
    try:
        with progress, contextlib.closing(prepared.results()) as rows:
            for result in rows if todo else ():
                progress.show(result)
                done += 1
                if result.status != "ok":
                    failures.append(result)
    except KeyboardInterrupt:
        _export(prepared)
        progress.say(f"\nstopped; {done} rows of this run are kept. Go on with:")
        progress.say(f"  mibench resume {shlex.quote(str(prepared.folder))}")
        raise typer.Exit(130) from None
    except MibenchError:
        progress.say(f"go on with: mibench resume {shlex.quote(str(prepared.folder))}")
        raise
    frame = _export(prepared)
    bad = int((frame["status"] != "ok").sum())
    if as_json:
        typer.echo(_document(prepared, frame, bad))
    else:
        _conclude(prepared, frame, failures, progress.say)
    if bad:
        raise typer.Exit(1)


def _export(prepared: "Prepared") -> "pd.DataFrame":
    assert prepared.writer is not None
    return prepared.writer.export()


def _document(prepared: "Prepared", frame: "pd.DataFrame", failed: int) -> str:
    from mibench import summary

    counts = {str(status): int(count) for status, count in frame["status"].value_counts().items()}
    return json.dumps(
        {
            "run": prepared.folder.name,
            "folder": str(prepared.folder),
            "counts": counts,
            "exit": 1 if failed else 0,
            "cells": json.loads(summary.cells(frame).to_json(orient="records")),
        }
    )


def _conclude(prepared: "Prepared", frame: "pd.DataFrame", failed: "list[Result]", say: Any) -> None:
    from mibench import tables, verbs
    from mibench.cli.tables import print_unicode

    print_unicode(tables.wide(frame))
    for name, status, count, message in verbs.causes(failed):
        say(f"{count} × {name} {status}: {message}")
    if failed:
        say(f"logs: {prepared.folder}/logs")
    say(f"results: {prepared.folder}")
    say(f"next:    mibench plot {shlex.quote(str(prepared.folder))}")

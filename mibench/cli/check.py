"""`mibench check`: hold estimators, tasks and applications to their promises."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mibench import catalogue, specs
from mibench.cli import complete
from mibench.cli.options import AsJson, Plugins
from mibench.device import cores
from mibench.errors import UsageError, one_line

Records = list[dict[str, Any]]
"""Verdicts, as `--json` prints them."""


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|FILE…",
            help="Estimators, tasks, applications, or plugin files.",
            autocompletion=complete.names,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that mibench list shows, plugins of yours too.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Of several, how many at once; one a core.")
    ] = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Hold estimators, tasks, applications and plugin files to their promises."""
    if bool(names) == every:
        raise UsageError("name what to check, or write --all, not both")
    if names and len(names) == 1:
        records = _one(names[0], plugins or (), as_json)
    else:
        records = _several(names, plugins or (), jobs or cores(), as_json)
    broken, moot = (sum(record[why] is not None for record in records) for why in ("broken", "unsupported"))
    if as_json:
        typer.echo(json.dumps(records))
    else:
        asked = len(records) - moot
        refused = f"; {moot} could not be tried, as the estimator refuses the data" if moot else ""
        typer.echo(f"{asked - broken} of {asked} promises kept{refused}")
    if broken:
        raise typer.Exit(4)


def _one(name: str, plugins: Sequence[str], quiet: bool) -> Records:
    """Promise by promise, each shown as it is tried."""
    from mibench import checks
    from mibench.checks import applications
    from mibench.checks.promises import words

    found, estimators, points = _meant(name, plugins)
    if reason := catalogue.lacking(points):
        raise UsageError(reason)
    term = None
    if any(point.kind == "application" for point in points):
        term = applications.can_be_term(made for _, made in sorted(found.estimators.items()))
    subjects = [(f"-e {c.name}", c.estimator) for c in estimators]
    subjects += [(f"-t {p.sweep}/{p.name}", p.task) for p in points]
    records = []
    for subject, thing in subjects:
        if not quiet:
            typer.echo(subject)
        told: set[str] = set()
        for promise in checks.promises(thing, term):
            if not quiet:
                _trying(words(promise))
            for verdict in checks.check(subject, thing, (promise,)):
                records.append(asdict(verdict))
                if not quiet:
                    _tell(records[-1], told)
    if not quiet and any(point.kind != "application" for point in points):
        typer.echo("the stated truth itself is not tried; `mibench run` sets estimates beside it")
    return records


def _trying(promise: str) -> None:
    """On a terminal, until it is known whether it is kept."""
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[K  …       {promise[:68]}", err=True, nl=False)


def _tell(record: Mapping[str, Any], told: set[str]) -> None:
    """The promise, and what broke it, once."""
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", err=True, nl=False)
    word = "BROKEN" if record["broken"] is not None else "n/a   " if record["unsupported"] else "ok    "
    typer.echo(f"  {word}  {record['promise']}")
    if said := record["broken"] or record["unsupported"]:
        _why(said, told)


def _why(said: str, told: set[str]) -> None:
    """What stands in the way, once."""
    typer.echo(f"          {'for the same reason' if said in told else said}")
    told.add(said)


def _meant(
    name: str, plugins: Sequence[str], found: catalogue.Catalogue | None = None
) -> tuple[catalogue.Catalogue, Sequence[Any], Sequence[Any]]:
    """What is found, and of it the estimators and points that are meant. Raises UsageError."""
    path = Path(name)
    if path.is_dir() and (found is None or name not in {*found.estimators, *found.tasks}):
        raise UsageError(f"'{name}' is a folder: name its files, or say -p {name} and the names of what is in it")
    if path.suffix == ".py" or path.is_file():
        found = catalogue.discover([*plugins, path])
        mine = [p for p in found.plugins if p.path == specs.folder_or_file(path, "check")]
        if mine and mine[0].error:
            raise UsageError(f"{path}: {mine[0].error}")
        estimators = [found.estimator(key) for p in mine for key in p.estimators]
        return found, estimators, [point for p in mine for key in p.tasks for point in found.points(key)]
    found = found or catalogue.discover(plugins)
    found.refuse_broken(plugins)
    base = specs.called(name)
    if base not in found.estimators and base not in found.tasks:
        raise UsageError(f"no estimator or task '{base}'; {specs.nearest(base, [*found.estimators, *found.tasks])}")
    estimators = [found.estimator(name)] if found.means_estimator(name) else []
    return found, estimators, found.points(name) if base in found.tasks and not (estimators and ":" in name) else []


def _several(names: Sequence[str] | None, plugins: Sequence[str], jobs: int, quiet: bool) -> Records:
    """Each in a process of its own, so that none can stop the others: a line each as it ends, and what is not kept."""
    records: Records = []
    found = catalogue.discover(plugins)
    if names is None:
        names = list(dict.fromkeys([*found.estimators, *found.tasks]))
        for plugin in found.broken:
            records.append(_verdict(str(plugin.path), "it offers something", broken=plugin.error))
    else:
        for name in names:
            if not Path(name).is_file():  # of a file it is a verdict
                _meant(name, plugins, found)
    started = time.monotonic()
    for done, (name, seconds, verdicts) in enumerate(_tried(names, plugins, jobs), 1):
        records += verdicts
        if not quiet:
            _tell_of(name, seconds, verdicts)
        if not quiet and sys.stderr.isatty():
            typer.echo(f"{done}/{len(names)} · {time.monotonic() - started:.0f} s\r", err=True, nl=False)
    return records


def _tell_of(name: str, seconds: float, verdicts: Records) -> None:
    """A line, and more where a promise is not kept or nothing could be tried."""
    broken = [verdict for verdict in verdicts if verdict["broken"] is not None]
    moot = [verdict for verdict in verdicts if verdict["unsupported"] is not None]
    word = "BROKEN" if broken else "n/a   " if len(moot) == len(verdicts) else "ok    "
    kept = f"{len(verdicts) - len(broken) - len(moot)} promises kept"
    typer.echo(f"{word}  {name}  {kept}{f', {len(moot)} n/a' if moot else ''}, {seconds:.0f} s")
    told: set[str] = set()
    for verdict in broken or (moot[:1] if len(moot) == len(verdicts) else ()):
        typer.echo(f"  {verdict['subject']}: {verdict['promise']}")
        _why(verdict["broken"] or verdict["unsupported"], told)


def _tried(names: Sequence[str], plugins: Sequence[str], jobs: int) -> Iterator[tuple[str, float, Records]]:
    with ThreadPoolExecutor(jobs) as pool:
        waiting: dict[Future[tuple[float, Records]], str] = {
            pool.submit(_apart, name, plugins, jobs): name for name in names
        }
        try:
            for future in as_completed(waiting):
                yield waiting[future], *future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _apart(name: str, plugins: Sequence[str], jobs: int) -> tuple[float, Records]:
    """Seconds and verdicts of `mibench check NAME` in a process; one that ends otherwise is a promise not kept."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "mibench", "check", name, "--json", *(word for p in plugins for word in ("-p", p))],
        capture_output=True, text=True, check=False,
        env={**os.environ, **({"OMP_NUM_THREADS": "1"} if jobs > 1 else {})},
    )  # fmt: skip
    try:
        records = json.loads(done.stdout)
    except ValueError:
        said = one_line(done.stderr.strip().rpartition("\n")[2].removeprefix("mibench: "))
        wrong = done.returncode == UsageError.exit_code
        lacks = wrong and not Path(name).is_file()
        reason = said if wrong else f"ended with code {done.returncode}: {said}"
        records = [_verdict(name, "it can be tried", **{"unsupported" if lacks else "broken": reason})]
    return time.monotonic() - started, records


def _verdict(subject: str, promise: str, broken: str | None = None, unsupported: str | None = None) -> dict[str, Any]:
    from mibench.checks import Verdict

    return asdict(Verdict(subject, promise, broken, unsupported))
